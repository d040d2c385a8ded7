// Accounts that take access tokens only, which end and are had anew by a refresh token.
#include "tests/mount/imap_fixture.h"
#include "tests/support/token_server.h"

namespace mapistore::mount_tests::imap_token_test {
namespace {

using testing::eventually;
using testing::MailServer;
using testing::names_in;
using testing::Outcome;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::stat_of;
using testing::TempMount;
using testing::TokenServer;
using testing::write_file;
using namespace std::chrono_literals;

/// A Dovecot of the test's own, and a place that gives tokens for it.
class ImapTokens : public ::testing::Test {
 protected:
  std::string profile(const std::string& url) {
    write_file(sandbox_ / "token", "refresh-of-anna-0\n");
    EXPECT_EQ(change_mode(sandbox_ / "token", 0600), 0);
    write_file(sandbox_ / "p.toml",
               "[folders.Mail]\nuri = \"" + account_.uri() + "\"\n[folders.Mail.oauth2]\ntoken_url = \"" + url +
                   "\"\nclient_id = \"mapistorefs\"\nrefresh_token_file = \"" + (sandbox_ / "token").native() + "\"\n");
    return (sandbox_ / "p.toml").native();
  }
  /// Each says that it lasts an hour, and comes with another refresh token. Only the last of those is good.
  TokenServer::Reply answer(const std::string& form) {
    const std::lock_guard lock{mutex_};
    if (form.find("refresh_token=refresh-of-anna-" + std::to_string(given_) + "&") == std::string::npos || is_ended_)
      return {400, R"({"error":"invalid_grant","error_description":"Token has been revoked."})"};
    access_.push_back(server_.token(account_.user, lifetime_));
    return {200, "{\"access_token\":\"" + access_.back() +
                     "\",\"token_type\":\"Bearer\",\"expires_in\":3600,"
                     "\"refresh_token\":\"refresh-of-anna-" +
                     std::to_string(++given_) + "\"}"};
  }
  void set(std::chrono::seconds lifetime, bool is_ended = false) {
    const std::lock_guard lock{mutex_};
    lifetime_ = lifetime;
    is_ended_ = is_ended;
  }
  void expect_no_token_in(const std::string& text) {
    const std::lock_guard lock{mutex_};
    EXPECT_EQ(text.find("refresh-of-anna"), std::string::npos) << text;
    for (const std::string& token : access_) EXPECT_EQ(text.find(token), std::string::npos) << text;
  }

  Sandbox sandbox_;
  MailServer server_ = MailServer::dovecot();
  Account account_{server_};
  std::mutex mutex_;
  std::chrono::seconds lifetime_ = 1h;
  bool is_ended_ = false;
  int given_ = 0;
  std::vector<std::string> access_;
  TokenServer tokens_{[this](const std::string& form) { return answer(form); }};
};

TEST_F(ImapTokens, AreHadAnewWhenOneEndsInTheMiddle) {
  account_.append("INBOX", crlf(mail("a")));
  set(2s);
  const TempMount mount{sandbox_, profile(tokens_.url())};
  ASSERT_TRUE(eventually([&] { return names_in(mount / "Mail/INBOX").size() == 1; }, 10s)) << mount.errors();
  const std::size_t asked = tokens_.forms().size();
  EXPECT_LE(asked, 3u) << "one token does for all connections";
  // The token has ended long before its time, and so have all sessions.
  server_.kill();
  const auto end = std::chrono::system_clock::now() + 3s;
  ASSERT_TRUE(eventually([&] { return std::chrono::system_clock::now() > end; }, 10s));
  set(1h);
  server_.restart();
  EXPECT_TRUE(eventually([&] { return write_file(mount / "Mail/INBOX/b.eml", crlf(mail("b"))) == 0; }, 20s))
      << mount.errors();
  EXPECT_GT(tokens_.forms().size(), asked);
  account_.other = server_.login(account_.user);
  EXPECT_EQ(account_.bodies("INBOX"), (std::vector{crlf(mail("a")), crlf(mail("b"))}));
  EXPECT_EQ(read_file(sandbox_ / "token"), "refresh-of-anna-" + std::to_string(tokens_.forms().size()) + "\n");
  EXPECT_EQ(stat_of(sandbox_ / "token").st_mode & 07777, 0600u);
  expect_no_token_in(mount.errors() + mount.status());
}

TEST_F(ImapTokens, SayTheWayOutWhenTheyAreRevoked) {
  set(1h, true);
  const TempMount mount{sandbox_, profile(tokens_.url()), {}, "mnt", false};
  EXPECT_TRUE(eventually([&] { return mount.errors().find("invalid_grant") != std::string::npos; }, 10s))
      << mount.errors();
  EXPECT_NE(mount.errors().find("sign in again, and store the new refresh token"), std::string::npos) << mount.errors();
  EXPECT_EQ(write_file(mount / "Mail/a.eml", crlf(mail("a"))), EACCES);
  expect_no_token_in(mount.errors() + mount.status());
  set(1h);  // signed in again
  EXPECT_TRUE(mount.wait_ready()) << mount.errors();
}

TEST_F(ImapTokens, AreAskedForNoMoreThanTwiceWhereNoneIsTaken) {
  set(-1h);
  const TempMount mount{sandbox_, profile(tokens_.url()), {}, "mnt", false};
  EXPECT_TRUE(eventually([&] { return mount.context_is("Mail", "unreachable") || !mount.errors().empty(); }, 10s));
  EXPECT_LE(tokens_.forms().size(), 4u) << "two for each attempt, and a pause between";
  EXPECT_GE(tokens_.forms().size(), 2u);
}

TEST_F(ImapTokens, GoToNoServerThatDoesNotProveItsName) {
  const std::string url = "https://localhost:" + std::to_string(server_.tls_port()) + "/token";
  const TempMount mount{sandbox_, profile(url), {}, "mnt", false};
  EXPECT_TRUE(eventually([&] { return mount.errors().find("certificate is not trusted") != std::string::npos; }, 10s))
      << mount.errors();
  // With its authority, it is a mail server that is asked, and not for long.
  write_file(sandbox_ / "p.toml",
             *read_file(sandbox_ / "p.toml") + "tls_ca = \"" + server_.ca_file().native() + "\"\n");
  const TempMount trusting{sandbox_, (sandbox_ / "p.toml").native(), {}, "trusting", false};
  EXPECT_TRUE(eventually([&] { return trusting.errors().find("check token_url") != std::string::npos; }, 10s))
      << trusting.errors();
}

}  // namespace
}  // namespace mapistore::mount_tests::imap_token_test
