#include "tests/unit/backends/imap_replies.h"

#include <gtest/gtest.h>

namespace mapistore::imap {

LiteralUse ReplyCollector::literal(std::string_view text, std::span<const std::size_t> left_out, std::uint64_t size) {
  auto pending = parse_pending_body(text, left_out);
  if (!pending) return LiteralUse::keep;
  EXPECT_EQ(pending->item.size, size);
  bodies.push_back(*std::move(pending));
  return use;
}

bool ReplyCollector::reply(std::string_view text, std::span<const std::size_t> left_out) {
  replies.push_back(parse_reply(text, left_out));
  return true;
}

ReplyCollector read_replies(std::string_view bytes, std::size_t portion, LiteralUse use) {
  ReplyCollector collector;
  collector.use = use;
  ReplyReader reader{collector};
  for (std::size_t at = 0; at < bytes.size(); at += portion) {
    const std::string_view part = bytes.substr(at, portion);
    const auto used = reader.feed(part);
    EXPECT_TRUE(used && *used == part.size()) << (used ? "" : used.error().to_string());
    if (!used) break;
  }
  EXPECT_FALSE(reader.is_within_reply());
  return collector;
}

}  // namespace mapistore::imap
