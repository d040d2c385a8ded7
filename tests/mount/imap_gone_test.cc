// Mail servers that end, hang and come back under a mount.
#include <chrono>

#include "tests/mount/imap_fixture.h"

namespace mapistore::mount_tests::imap_gone_test {
namespace {

using testing::eventually;
using testing::is_there;
using testing::MailServer;
using testing::names_in;
using testing::read_file;
using testing::TempMount;
using testing::write_file;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// A server of the test's own, to be ended.
class ImapServerGone : public ::testing::TestWithParam<const char*> {
 protected:
  std::string profile(const std::string& more = {}) {
    write_file(sandbox_ / "p.toml", "[folders.Good]\nuri = \"" + make_medium(sandbox_, "file", "good") +
                                        "\"\n[folders.Mail]\nuri = \"" + account_.uri() +
                                        "\"\npassword_env = \"MAPISTORE_PASSWORD\"\n" + more);
    return (sandbox_ / "p.toml").native();
  }
  static MailServer make() {
    return GetParam() == std::string_view{"cyrus"} ? MailServer::cyrus() : MailServer::dovecot();
  }
  void expect_good(const TempMount& mount) {
    const auto start = Clock::now();
    EXPECT_EQ(write_file(mount / "Good/a.eml", mail("a")), 0);
    EXPECT_EQ(read_file(mount / "Good/a.eml"), mail("a"));
    EXPECT_EQ(names_in(mount / "Good"), Names{"a.eml"});
    EXPECT_LT(Clock::now() - start, 1s);
  }

  Sandbox sandbox_;
  MailServer server_ = make();
  Account account_{server_};
};
INSTANTIATE_TEST_SUITE_P(Servers, ImapServerGone, ::testing::Values("dovecot", "cyrus"), server_name);

TEST_P(ImapServerGone, KilledAndStartedAgainHeals) {
  account_.append("INBOX", crlf(mail("a")));
  const TempMount mount{sandbox_, profile()};
  ASSERT_EQ(names_in(mount / "Mail/INBOX").size(), 1u);
  const Path file = mount / "Mail/INBOX" / names_in(mount / "Mail/INBOX").at(0);
  EXPECT_EQ(read_file(file), crlf(mail("a")));
  server_.kill();
  expect_good(mount);
  EXPECT_EQ(names_in(mount / "Mail/INBOX"), Names{file.filename()}) << "what is known is shown";
  EXPECT_NE(write_file(mount / "Mail/INBOX/b.eml", crlf(mail("b"))), 0);
  EXPECT_FALSE(is_there(mount / "Mail/INBOX/b.eml"));
  EXPECT_NE(mount.errors().find("b.eml"), std::string::npos) << mount.errors();
  expect_good(mount);
  server_.restart();
  EXPECT_TRUE(eventually([&] { return write_file(mount / "Mail/INBOX/b.eml", crlf(mail("b"))) == 0; }, 10s))
      << mount.errors();
  EXPECT_EQ(read_file(file), crlf(mail("a")));
  // The other client's connection has ended too.
  account_.other = server_.login(account_.user);
  EXPECT_EQ(account_.bodies("INBOX"), (std::vector{crlf(mail("a")), crlf(mail("b"))}));
  // And it is watched again.
  account_.append("INBOX", crlf(mail("c")));
  EXPECT_TRUE(eventually([&] { return names_in(mount / "Mail/INBOX").size() == 3; }, 10s)) << mount.errors();
}

TEST_P(ImapServerGone, OneThatHangsCostsBoundedTime) {
  account_.append("INBOX", crlf(mail("a")));
  account_.append("INBOX", crlf(mail("b")));
  const TempMount mount{sandbox_, profile(), "deadline=2"};
  ASSERT_EQ(names_in(mount / "Mail/INBOX").size(), 2u);
  const Path file = mount / "Mail/INBOX" / names_in(mount / "Mail/INBOX").at(0);
  server_.pause();
  expect_good(mount);
  EXPECT_EQ(names_in(mount / "Mail/INBOX").size(), 2u);
  const auto start = Clock::now();
  EXPECT_EQ(read_file(file), std::nullopt);
  EXPECT_LT(Clock::now() - start, 6s);
  const int error = write_file(mount / "Mail/INBOX/c.eml", crlf(mail("c")));
  EXPECT_TRUE(error == ETIMEDOUT || error == EIO || error == EHOSTUNREACH || error == ENOTCONN) << error;
  EXPECT_LT(Clock::now() - start, 12s);
  expect_good(mount);
  server_.resume();
  std::optional<std::string> bytes;
  EXPECT_TRUE(eventually([&] { return (bytes = read_file(file)).has_value(); }, 10s)) << mount.errors();
  EXPECT_TRUE(eventually([&] { return write_file(mount / "Mail/INBOX/d.eml", crlf(mail("d"))) == 0; }, 10s));
  EXPECT_EQ(std::ranges::count(account_.bodies("INBOX"), crlf(mail("d"))), 1);
}

}  // namespace
}  // namespace mapistore::mount_tests::imap_gone_test
