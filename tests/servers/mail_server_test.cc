#include "tests/support/mail_server.h"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/temp_mount.h"

namespace mapistore::testing::mail_server_test {

namespace {

using namespace std::literals;

constexpr const char* message = "Subject: hello\r\n\r\nOne line.\r\n";

/// What a session over TLS answers to LOGIN, with the certificate checked for `host`.
std::string login_over_tls(const MailServer& server, const std::string& host) {
  return run("printf 'a LOGIN tester " + server.password() +
             "\\r\\nb LOGOUT\\r\\n' | openssl s_client -quiet -ign_eof -connect " + host + ":" +
             std::to_string(server.tls_port()) + " -CAfile " + shell_word(server.ca_file()) +
             " -verify_return_error -verify_hostname " + host)
      .output;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void append_and_fetch(const MailServer& server, const std::string& user) {
  RawImap session = server.login(user);
  EXPECT_TRUE(session.append("INBOX", message, "(\\Seen)").ok());
  session.ask("SELECT INBOX");
  EXPECT_TRUE(contains(session.ask("UID FETCH 1:* (FLAGS BODY.PEEK[])"), message));
}

bool knows(RawImap& session, const std::string& capability) {
  return contains(session.ask("CAPABILITY"), " " + capability);
}

bool authenticates(const MailServer& server, const std::string& user, const std::string& token) {
  RawImap session{server.port()};
  const std::string plain = "user=" + user + "\\001auth=Bearer " + token + "\\001\\001";
  std::string encoded = run("printf '" + plain + "' | openssl base64 -A").output;
  session.send("a AUTHENTICATE XOAUTH2 " + encoded + "\r\n");
  std::string line = session.read_line();
  if (line.starts_with("+")) {
    session.send("\r\n");
    line = session.read_line();
  }
  while (line.starts_with("*")) line = session.read_line();
  return line.starts_with("a OK");
}

}  // namespace

TEST(MailServer, DovecotServesAccountsOfAllKinds) {
  MailServer server = MailServer::dovecot();
  EXPECT_TRUE(contains(login_over_tls(server, "localhost"), "a OK"));
  EXPECT_FALSE(contains(login_over_tls(server, "127.0.0.1"), "a OK")) << "the certificate is for localhost alone";
  const std::string user = server.make_user();
  append_and_fetch(server, user);
  append_and_fetch(server, server.make_user("mdbox"));

  RawImap session = server.login(user);
  for (const char* name : {"NOTIFY", "COMPRESS=DEFLATE", "QUOTA", "METADATA", "ACL", "QRESYNC", "MOVE"})
    EXPECT_TRUE(knows(session, name)) << name;
  EXPECT_TRUE(contains(session.ask("GETQUOTAROOT INBOX"), "STORAGE"));
  EXPECT_TRUE(contains(session.ask("MYRIGHTS INBOX"), "lrw"));
  EXPECT_TRUE(session.command("SETMETADATA INBOX (/private/comment \"x\")").ok());
  RawImap fresh{server.port()};
  for (const char* name : {"PLAIN", "LOGIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "XOAUTH2", "OAUTHBEARER"})
    EXPECT_TRUE(knows(fresh, "AUTH="s + name)) << name;
  EXPECT_TRUE(authenticates(server, user, server.token(user)));
  EXPECT_FALSE(authenticates(server, user, server.token(user, -1h))) << "its time is over";

  const std::string other = server.make_user();
  server.deliver(other, "Subject: delivered\n\nx\n");
  RawImap reader = server.login(other);
  EXPECT_TRUE(contains(reader.ask("STATUS INBOX (MESSAGES)"), "MESSAGES 1"));
  reader.ask("CREATE Some/Where");
  server.deliver(other, "Subject: delivered\n\ny\n", "Some/Where");
  EXPECT_TRUE(contains(reader.ask("STATUS Some/Where (MESSAGES)"), "MESSAGES 1"));
}

TEST(MailServer, CyrusServesAccounts) {
  MailServer server = MailServer::cyrus();
  EXPECT_TRUE(contains(login_over_tls(server, "localhost"), "a OK"));
  const std::string user = server.make_user();
  append_and_fetch(server, user);
  RawImap session = server.login(user);
  for (const char* name : {"OBJECTID", "COMPRESS=DEFLATE", "QUOTA", "METADATA", "ACL", "QRESYNC", "MOVE"})
    EXPECT_TRUE(knows(session, name)) << name;
  EXPECT_TRUE(contains(session.ask("LIST \"\" * RETURN (SPECIAL-USE)"), "Trash"));
}

TEST(MailServer, TwoAtOnceAreConfiguredApart) {
  MailServer all = MailServer::dovecot(), few = MailServer::dovecot("imap_capability = IMAP4rev1 UIDPLUS");
  MailServer cyrus = MailServer::cyrus("suppress_capabilities: QRESYNC");
  EXPECT_NE(all.port(), few.port());
  RawImap rich = all.login("x"), poor = few.login("x"), other = cyrus.login("tester");
  EXPECT_TRUE(knows(rich, "MOVE"));
  EXPECT_TRUE(knows(poor, "UIDPLUS"));
  EXPECT_FALSE(knows(poor, "MOVE"));
  EXPECT_TRUE(knows(other, "MOVE"));
  EXPECT_FALSE(knows(other, "QRESYNC"));
  EXPECT_THROW(few.login("x' \" y"), std::runtime_error);
}

TEST(MailServer, TellsWhyItDoesNotStart) {
  try {
    const MailServer server = MailServer::dovecot("nonsense = yes");
    ADD_FAILURE() << "started";
  } catch (const std::runtime_error& error) {
    EXPECT_TRUE(contains(error.what(), "nonsense")) << error.what();
  }
}

TEST(MailServer, StopsHaltsAndComesBack) {
  for (MailServer* server : {&MailServer::shared_dovecot(), &MailServer::shared_cyrus()}) {
    const std::string user = server->make_user();
    append_and_fetch(*server, user);
    for (const bool crash : {false, true}) {
      crash ? server->kill() : server->stop();
      EXPECT_THROW(server->login(user), std::exception);
      server->restart();
    }
    RawImap session = server->login(user);
    EXPECT_TRUE(contains(session.ask("STATUS INBOX (MESSAGES)"), "MESSAGES 1"));
    server->pause();
    session.send("late NOOP\r\n");
    server->resume();
    EXPECT_TRUE(session.read_line().starts_with("late OK"));
  }
}

TEST(MailServer, GoesWithAProcessThatIsKilled) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const MailServer dovecot = MailServer::dovecot(), cyrus = MailServer::cyrus();
    const std::string places =
        dovecot.ca_file().native() + "\n" + cyrus.ca_file().native() + "\n" + std::to_string(dovecot.port()) + "\n";
    static_cast<void>(::write(ends[1], places.data(), places.size()));
    ::pause();
  }
  char text[1024] = {};
  ASSERT_GT(::read(ends[0], text, sizeof text - 1), 0);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  std::istringstream lines{text};
  std::string dovecot, cyrus, port;
  lines >> dovecot >> cyrus >> port;
  EXPECT_GT(processes_of(std::filesystem::path{dovecot}.parent_path().parent_path()), 0);
  for (const std::filesystem::path authority : {dovecot, cyrus}) {
    const std::filesystem::path directory = authority.parent_path().parent_path();
    EXPECT_TRUE(eventually([&] { return !is_there(directory); }, 10s)) << directory;
    EXPECT_EQ(processes_of(directory), 0);
  }
  EXPECT_THROW(RawImap{static_cast<std::uint16_t>(std::stoi(port))}, std::exception);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace mapistore::testing::mail_server_test
