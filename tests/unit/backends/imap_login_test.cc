#include <gmock/gmock.h>
#include <sys/socket.h>

#include "backends/imap/sasl.h"
#include "backends/imap/session.h"
#include "tests/unit/backends/imap_server.h"
#include "tests/unit/backends/support.h"

namespace mapistore::imap::imap_login_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Command noop() {
  Command command;
  command.text.add("NOOP");
  return command;
}

class ImapLogin : public ::testing::Test {
 protected:
  auto open(SessionSettings settings) { return Session::open(soon(), io_, std::move(settings)); }
  SessionSettings encrypted(const ScriptedServer& server, Security security) {
    SessionSettings settings = server.settings();
    settings.security = security;
    settings.tls_ca = test_certificate_file();
    return settings;
  }
  void expect_refused(SessionSettings settings, Errc code, std::string_view text) {
    const auto session = open(std::move(settings));
    ASSERT_FALSE(session.has_value());
    EXPECT_EQ(name(session.error().code), name(code)) << session.error().to_string();
    EXPECT_THAT(session.error().to_string(), HasSubstr(std::string(text)));
    EXPECT_THAT(session.error().to_string(), HasSubstr("localhost"));
    EXPECT_THAT(session.error().to_string(), Not(HasSubstr("s3cret")));
  }

  IoThread io_;
};

TEST_F(ImapLogin, IntroducesItselfAndEnables) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.say("* OK hello\r\n");
    peer.expect("CAPABILITY");
    peer.say("* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n");
    peer.done();
    peer.expect("AUTHENTICATE PLAIN " + base64(std::string("\0anna\0s3cret", 12)));
    peer.done();
    peer.expect("CAPABILITY");
    peer.say("* CAPABILITY IMAP4rev1 ID ENABLE CONDSTORE QRESYNC UTF8=ACCEPT Compress=DEFLATE\r\n");
    peer.done();
    peer.expect("ID (\"name\" \"mapistorefs\")");
    peer.say("* ID (\"name\" \"Testd\" \"version\" \"9\")\r\n");
    peer.done();
    peer.expect("ENABLE QRESYNC UTF8=ACCEPT");
    peer.say("* ENABLED QRESYNC UTF8=ACCEPT\r\n");
    peer.done();
    peer.expect("COMPRESS DEFLATE");
    peer.say(peer.tag + " OK x\r\n");
    peer.start_deflate();
    peer.expect("NOOP");
    peer.done();
  }};
  SessionSettings settings = server.settings();
  settings.compress = true;
  settings.worth_compressing = {};
  settings.utf8_names = true;
  const auto session = open(settings);
  ASSERT_TRUE(session.has_value()) << session.error().to_string();
  EXPECT_TRUE((*session)->has_qresync() && (*session)->has_condstore());
  EXPECT_EQ((*session)->name_encoding(), NameEncoding::utf8);
  EXPECT_EQ((*session)->server(), "Testd 9");
  EXPECT_TRUE((*session)->capabilities().has("COMPRESS=DEFLATE"));
  EXPECT_TRUE((*session)->run(soon(), noop()).has_value());
}

TEST_F(ImapLogin, CompressesWhereTheWireIsSlow) {
  for (const bool slow : {false, true}) {
    ScriptedServer server{[&](ScriptedServer& peer) {
      peer.say("* PREAUTH [CAPABILITY IMAP4rev1 ID COMPRESS=DEFLATE] hello\r\n");
      peer.expect("ID (\"name\" \"mapistorefs\")");
      if (slow) std::this_thread::sleep_for(std::chrono::milliseconds{20});
      peer.done();
      if (slow) {
        peer.expect("COMPRESS DEFLATE");
        peer.say(peer.tag + " OK x\r\n");
        peer.start_deflate();
      }
      peer.expect("NOOP");
      peer.done();
    }};
    SessionSettings settings = server.settings();
    settings.compress = true;
    settings.worth_compressing = slow ? std::chrono::milliseconds{20} : std::chrono::seconds{30};
    const auto session = open(settings);
    ASSERT_TRUE(session.has_value()) << session.error().to_string();
    EXPECT_TRUE((*session)->run(soon(), noop()).has_value());
  }
}

TEST_F(ImapLogin, WaitsToBeAskedWithoutInitialResponses) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.say("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello\r\n");
    peer.expect("AUTHENTICATE PLAIN");
    peer.say("+ \r\n");
    EXPECT_EQ(peer.line(), base64(std::string("\0anna\0s3cret", 12)));
    peer.done("OK [CAPABILITY IMAP4rev1] welcome");
  }};
  EXPECT_TRUE(open(server.settings()).has_value());
}

TEST_F(ImapLogin, SpeaksLoginInBothForms) {
  ScriptedServer mechanism{[](ScriptedServer& peer) {
    peer.say("* OK [CAPABILITY IMAP4rev1 AUTH=LOGIN SASL-IR] hello\r\n");
    peer.expect("AUTHENTICATE LOGIN");
    peer.say("+ VXNlcm5hbWU6\r\n");
    EXPECT_EQ(peer.line(), base64("anna"));
    peer.say("+ UGFzc3dvcmQ6\r\n");
    EXPECT_EQ(peer.line(), base64("s3cret"));
    peer.done("OK [CAPABILITY IMAP4rev1] welcome");
  }};
  EXPECT_TRUE(open(mechanism.settings()).has_value());
  ScriptedServer command{[](ScriptedServer& peer) {
    peer.say("* OK [CAPABILITY IMAP4rev1] hello\r\n");
    peer.expect("LOGIN \"anna\" \"s3cret\"");
    peer.done("OK [CAPABILITY IMAP4rev1] welcome");
  }};
  EXPECT_TRUE(open(command.settings()).has_value());
}

TEST_F(ImapLogin, TriesAWeakerMechanismOfAnotherKind) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.say("* OK [CAPABILITY IMAP4rev1 AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-1 AUTH=PLAIN SASL-IR] hello\r\n");
    EXPECT_THAT(peer.command(), HasSubstr("AUTHENTICATE SCRAM-SHA-256 "));
    peer.done("NO [AUTHENTICATIONFAILED] no such scheme");
    EXPECT_THAT(peer.command(), HasSubstr("AUTHENTICATE PLAIN "));
    peer.done("OK [CAPABILITY IMAP4rev1] welcome");
  }};
  EXPECT_TRUE(open(server.settings()).has_value());
}

TEST_F(ImapLogin, TellsWhyItWasRefused) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.say("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hello\r\n");
    peer.command();
    peer.done("NO [AUTHENTICATIONFAILED] Authentication failed.");
  }};
  expect_refused(server.settings(), Errc::authentication_failed, "Authentication failed.");
}

TEST_F(ImapLogin, ObeysLoginDisabled) {
  ScriptedServer server{[](ScriptedServer& peer) { peer.say("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hello\r\n"); }};
  expect_refused(server.settings(), Errc::authentication_failed, "no way of logging in");
}

TEST_F(ImapLogin, AcknowledgesAndShowsTheErrorOfAToken) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.say("* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR] hello\r\n");
    EXPECT_EQ(peer.command(), "AUTHENTICATE XOAUTH2 " + base64("user=anna\1auth=Bearer s3cret\1\1"));
    peer.say("+ " + base64(R"({"status":"401"})") + "\r\n");
    EXPECT_EQ(peer.line(), "");
    peer.done("NO SASL authentication failed");
  }};
  SessionSettings settings = server.settings();
  settings.credentials.is_token = true;
  expect_refused(settings, Errc::authentication_failed, R"({"status":"401"})");
}

TEST_F(ImapLogin, RefusesAServerThatDoesNotProveItself) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.say("* OK [CAPABILITY IMAP4rev1 AUTH=SCRAM-SHA-256 SASL-IR] hello\r\n");
    peer.command();
    peer.done("OK [CAPABILITY IMAP4rev1] welcome");
  }};
  expect_refused(server.settings(), Errc::authentication_failed, "does not prove");
}

TEST_F(ImapLogin, EncryptsAndChecksTheCertificate) {
  const auto script = [](ScriptedServer& peer) {
    peer.start_tls();
    peer.greet();
    peer.expect("NOOP");
    peer.done();
  };
  ScriptedServer server{script};
  const auto session = open(encrypted(server, Security::tls));
  ASSERT_TRUE(session.has_value()) << session.error().to_string();
  EXPECT_TRUE((*session)->run(soon(), noop()).has_value());
  const auto only_tls = [](ScriptedServer& peer) { peer.start_tls(); };
  ScriptedServer untrusted{only_tls};
  SessionSettings settings = encrypted(untrusted, Security::tls);
  settings.tls_ca.clear();
  expect_refused(settings, Errc::invalid_configuration, "certificate");
  ScriptedServer misnamed{only_tls};
  settings = encrypted(misnamed, Security::tls);
  settings.host = "other.localhost";
  expect_refused(settings, Errc::invalid_configuration, "certificate");
  ScriptedServer unreadable{[](ScriptedServer&) {}};
  settings = encrypted(unreadable, Security::tls);
  settings.tls_ca = "/nonexistent/localhost.pem";
  expect_refused(settings, Errc::invalid_configuration, "tls_ca");
}

TEST_F(ImapLogin, ForgetsWhatCameBeforeTheHandshake) {
  ScriptedServer server{[](ScriptedServer& peer) {
    peer.say("* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=EVIL] hello\r\n");
    peer.expect("STARTTLS");
    peer.say(peer.tag + " OK begin\r\n* CAPABILITY IMAP4rev1 LOGINDISABLED\r\n* BYE injected\r\n");
    peer.start_tls();
    peer.expect("CAPABILITY");
    peer.say("* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n");
    peer.done();
    EXPECT_THAT(peer.command(), HasSubstr("AUTHENTICATE PLAIN"));
    peer.done("OK [CAPABILITY IMAP4rev1 MOVE] welcome");
  }};
  const auto session = open(encrypted(server, Security::starttls));
  ASSERT_TRUE(session.has_value()) << session.error().to_string();
  EXPECT_TRUE((*session)->capabilities().has("MOVE"));
  EXPECT_FALSE((*session)->capabilities().has("STARTTLS"));
}

TEST_F(ImapLogin, NeverGoesOnWithoutTls) {
  ScriptedServer preauthenticated{[](ScriptedServer& peer) { peer.greet("STARTTLS"); }};
  expect_refused(encrypted(preauthenticated, Security::starttls), Errc::authentication_failed, "before");
  ScriptedServer plain{[](ScriptedServer& peer) { peer.say("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello\r\n"); }};
  expect_refused(encrypted(plain, Security::starttls), Errc::invalid_configuration, "no encryption");
  ScriptedServer refusing{[](ScriptedServer& peer) {
    peer.say("* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] hello\r\n");
    peer.expect("STARTTLS");
    peer.done("NO not today");
  }};
  expect_refused(encrypted(refusing, Security::starttls), Errc::io, "not today");
}

TEST_F(ImapLogin, TellsWhyTheServerGreetsNobody) {
  ScriptedServer busy{[](ScriptedServer& peer) { peer.say("* BYE Too many connections\r\n"); }};
  expect_refused(busy.settings(), Errc::busy, "Too many connections");
  ScriptedServer gone{[](ScriptedServer& peer) { peer.close(); }};
  expect_refused(gone.settings(), Errc::disconnected, "closed the connection");
  ScriptedServer mute{[](ScriptedServer& peer) { EXPECT_TRUE(peer.is_closed()); }};
  const auto session = Session::open(Call::within(std::chrono::milliseconds(20)), io_, mute.settings());
  ASSERT_FALSE(session.has_value());
  EXPECT_EQ(session.error().code, Errc::timed_out);
}

TEST_F(ImapLogin, WaitsForNoGreetingWithoutEnd) {
  ScriptedServer mute{[](ScriptedServer& peer) { EXPECT_TRUE(peer.is_closed()); }};
  SessionSettings settings = mute.settings();
  settings.dead_after = std::chrono::seconds(1);
  const auto session = Session::open(Call{}, io_, settings);
  ASSERT_FALSE(session.has_value());
  EXPECT_EQ(session.error().code, Errc::disconnected);
}

TEST_F(ImapLogin, TellsThatNobodyListens) {
  SessionSettings settings;
  settings.host = "localhost";
  settings.port = 1;
  settings.security = Security::none;
  expect_refused(settings, Errc::connection_refused, "localhost:1");
}

}  // namespace
}  // namespace mapistore::imap::imap_login_test
