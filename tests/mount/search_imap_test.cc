// Searching a real mail server: it is asked, and no body is fetched for it.
#include "tests/mount/imap_fixture.h"

namespace mapistore::mount_tests::search_imap_test {
namespace {

class ImapSearch : public Imap {
 protected:
  std::size_t count(const std::string& expression) const {
    return testing::names_in(mount_->path() / ".mapistorefs/search" / expression).size();
  }
};
INSTANTIATE_TEST_SUITE_P(Servers, ImapSearch, ::testing::Values("dovecot", "mdbox", "cyrus"), server_name);

TEST_P(ImapSearch, TheServerFindsWhatIsInItsMessages) {
  account_.other.ask("CREATE Box");
  for (int i = 0; i < 30; ++i)
    account_.append(i % 2 == 0 ? "INBOX" : "Box",
                    crlf(mail("Re: number " + std::to_string(i), "needle" + std::to_string(i % 10) + " in the hay\n")),
                    i == 4 ? "(\\Flagged)" : "");
  account_.append(
      "INBOX",
      "From: Anna <anna@example.org>\r\nTo: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\nSubject: "
      "=?utf-8?q?Pr=C3=BCfung?=\r\n"
      "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
      "RGVyIFNjaMO8bGVyIGlzdCBkYQ==\r\n");
  mount();
  EXPECT_EQ(count("needle7"), 3u);
  EXPECT_EQ(count("body:needle7"), 3u);
  EXPECT_EQ(count("subject:\"number 1\""), 11u);
  EXPECT_EQ(count("needle7 -subject:\"number 17\""), 2u);
  EXPECT_EQ(count("needle1 OR needle2"), 6u);
  EXPECT_EQ(count("is:flagged OR needle7"), 4u);
  EXPECT_EQ(count("needle4 is:flagged"), 1u);
  EXPECT_EQ(count("from:anna"), 31u);
  EXPECT_EQ(count("subject:prüfung"), 1u);
  EXPECT_EQ(count("subject:PRÜFUNG"), 1u);
  EXPECT_EQ(count("to:jürgen"), 1u);
  EXPECT_EQ(count("body:schüler"), 1u);
  EXPECT_EQ(count("nowhere"), 0u);
  EXPECT_NE(mount_->status().find(R"("misses": 0)"), std::string::npos) << "a body was fetched: " << mount_->status();
  EXPECT_NE(mount_->status().find(R"("fetched_bytes": 0)"), std::string::npos) << mount_->status();
  // What no server can tell is found by reading.
  EXPECT_EQ(count("has:attachment"), 0u);
  EXPECT_EQ(count("-has:attachment needle7"), 3u);
}

}  // namespace
}  // namespace mapistore::mount_tests::search_imap_test
