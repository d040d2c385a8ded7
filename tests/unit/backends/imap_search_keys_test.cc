#include <gtest/gtest.h>

#include "backends/imap/search_keys.h"
#include "core/search_expression.h"

namespace mapistore::imap::imap_search_keys_test {
namespace {

/// The keys, strings in quotes; and `~` where they find more than was asked for.
std::string keys_of(std::string_view expression) {
  const auto read = read_search_expression(expression, Time{std::chrono::sys_days{std::chrono::year{2026} / 1 / 10}});
  if (!read) return read.error().to_string();
  const SearchKeys keys = search_keys(read->restriction);
  std::string text = keys.exact ? "" : "~";
  for (const auto& piece : keys.pieces) text += piece.is_string ? '"' + piece.text + '"' : piece.text;
  return text;
}

TEST(ImapSearchKeys, AreThoseOfTheProtocol) {
  EXPECT_EQ(keys_of("zaun"), "TEXT \"zaun\"");
  EXPECT_EQ(keys_of("body:zaun"), "BODY \"zaun\"");
  EXPECT_EQ(keys_of("to:bob"), "TO \"bob\"");
  EXPECT_EQ(keys_of("bcc:bob"), "BCC \"bob\"");
  EXPECT_EQ(keys_of("PidTagSubject:x"), "SUBJECT \"x\"");
  EXPECT_EQ(keys_of("from:anna"), "OR FROM \"anna\" OR FROM \"anna\" HEADER Sender \"anna\"");
  EXPECT_EQ(keys_of("zaun -body:tor"), "(TEXT \"zaun\" NOT BODY \"tor\")");
  EXPECT_EQ(keys_of("a OR b OR c"), "OR OR TEXT \"a\" TEXT \"b\" TEXT \"c\"");
  EXPECT_EQ(keys_of("(a OR b) c"), "(OR TEXT \"a\" TEXT \"b\" TEXT \"c\")");
  EXPECT_EQ(keys_of("is:unread a"), "(NOT SEEN TEXT \"a\")");
  EXPECT_EQ(keys_of("is:flagged OR is:draft OR larger:10"), "OR OR FLAGGED DRAFT LARGER 10");
  EXPECT_EQ(keys_of("with:eve"),
            "OR OR FROM \"eve\" OR FROM \"eve\" HEADER Sender \"eve\" OR OR TO \"eve\" CC \"eve\" BCC \"eve\"");
}

TEST(ImapSearchKeys, FindMoreWhereTheProtocolCannotTell) {
  EXPECT_EQ(keys_of("since:2026-01-02 OR a"), "~OR SINCE 01-Jan-2026 TEXT \"a\"") << "servers compare days of any zone";
  EXPECT_EQ(keys_of("before:2026-01-31 OR a"), "~OR BEFORE 02-Feb-2026 TEXT \"a\"");
  EXPECT_EQ(keys_of("has:attachment"), "~");
  EXPECT_EQ(keys_of("has:attachment a"), "~TEXT \"a\"");
  EXPECT_EQ(keys_of("has:attachment OR a"), "~");
  EXPECT_EQ(keys_of("-has:attachment"), "~");
  EXPECT_EQ(keys_of("-(since:2026-01-01)"), "~");
  EXPECT_EQ(keys_of("is:forwarded OR a"), "~");
}

TEST(ImapSearchKeys, NameACharsetWhereThereIsNeed) {
  EXPECT_FALSE(search_keys(Restriction::mentions("zaun")).needs_charset());
  EXPECT_TRUE(search_keys(Restriction::mentions("zäune")).needs_charset());
}

}  // namespace
}  // namespace mapistore::imap::imap_search_keys_test
