// Mail servers that cannot be mounted: what the command says, and what it keeps to itself.
#include <chrono>

#include "tests/mount/imap_fixture.h"
#include "tests/support/scripted_server.h"

namespace mapistore::mount_tests::imap_refusal_test {
namespace {

using testing::eventually;
using testing::is_there;
using testing::MailServer;
using testing::Outcome;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::TempMount;
using testing::write_file;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// Mounts that cannot be: what the command says.
class ImapRefusal : public ::testing::Test {
 protected:
  Outcome mount(const std::string& uri, const std::string& environment = {}) {
    Outcome outcome = run(environment + " " + sandbox_.program() + " " + shell_word(uri) + " " + shell_word(mnt_));
    EXPECT_NE(outcome.code, 0);
    EXPECT_EQ(outcome.output.find(secret_), std::string::npos) << outcome.output;
    EXPECT_NE(run("grep -rqs " + secret_ + " " + shell_word(sandbox_.path())).code, 0) << "written somewhere";
    return outcome;
  }
  static void expect_said(const Outcome& outcome, std::initializer_list<const char*> words) {
    for (const char* word : words)
      EXPECT_NE(outcome.output.find(word), std::string::npos) << word << ": " << outcome.output;
  }
  MailServer& server_ = MailServer::shared_dovecot();
  const std::string secret_ = "Tr0ub4dor";
  Sandbox sandbox_;
  const Path mnt_ = sandbox_.make_directory("mnt");
  const std::string right_ = "env MAPISTORE_PASSWORD=" + server_.password();
  const std::string wrong_ = "env MAPISTORE_PASSWORD=" + secret_;
};

TEST_F(ImapRefusal, WrongPassword) {
  for (MailServer* server : {&MailServer::shared_dovecot(), &MailServer::shared_cyrus()}) {
    const Outcome outcome = mount("imap://" + server->authority(server->make_user()), wrong_);
    EXPECT_EQ(outcome.code, 77);
    expect_said(outcome, {"localhost", "password"});
  }
}

TEST_F(ImapRefusal, NoPassword) {
  const Outcome outcome = mount("imap://" + server_.authority(server_.make_user()), "env -u MAPISTORE_PASSWORD");
  expect_said(outcome, {"password"});
}

TEST_F(ImapRefusal, UnreachableHost) {
  const Outcome outcome = mount("imap://anna@localhost:1", wrong_);
  EXPECT_EQ(outcome.code, 69);
  expect_said(outcome, {"localhost"});
  const auto start = Clock::now();
  const Outcome unknown = mount("imaps://anna@no-such-host.invalid", wrong_);
  EXPECT_EQ(unknown.code, 69);
  expect_said(unknown, {"no-such-host.invalid"});
  EXPECT_LT(Clock::now() - start, 30s);
}

TEST_F(ImapRefusal, CertificateOfNobodyKnown) {
  const Outcome outcome = mount("imaps://" + server_.tls_authority(server_.make_user()), wrong_);
  expect_said(outcome, {"localhost", "certificate", "tls_ca"});
}

TEST_F(ImapRefusal, CertificateForAnotherName) {
  const std::string user = server_.make_user();
  const std::string trusting = "env SSL_CERT_FILE=" + shell_word(server_.ca_file());
  const std::string port = std::to_string(server_.tls_port());
  const Outcome outcome = mount("imaps://" + user + "@127.0.0.1:" + port, trusting + " MAPISTORE_PASSWORD=" + secret_);
  expect_said(outcome, {"127.0.0.1", "certificate"});
  // The same server under the name that it proves.
  write_file(sandbox_ / "p.toml", "[folders.Mail]\nuri = \"imaps://" + user + "@localhost:" + port + "\"\ntls_ca = \"" +
                                      server_.ca_file().native() + "\"\npassword_env = \"MAPISTORE_PASSWORD\"\n");
  ::setenv("MAPISTORE_PASSWORD", server_.password().c_str(), 1);
  const TempMount good{sandbox_, (sandbox_ / "p.toml").native(), {}, "good"};
  EXPECT_TRUE(is_there(good / "Mail/INBOX"));
}

TEST_F(ImapRefusal, CertificateOfAnotherTime) {
  struct Case {
    const char *begin, *end, *said;
  };
  for (const auto& [begin, end, said] : {Case{"20200101000000Z", "20210101000000Z", "certificate has expired"},
                                         Case{"20900101000000Z", "20910101000000Z", "certificate is not yet valid"}}) {
    const Path place = sandbox_.make_directory("certificate-" + std::string(begin));
    write_file(
        place / "ca.conf",
        "[ca]\ndefault_ca=ours\n[ours]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\n"
        "policy=any\nx509_extensions=names\n[any]\ncommonName=supplied\n[names]\nsubjectAltName=DNS:localhost\n");
    const Outcome made =
        run("cd " + shell_word(place) +
            " && touch index && echo 01 > serial && openssl req -newkey rsa:2048 -nodes -keyout key -out "
            "request -subj /CN=localhost && openssl ca -batch -selfsign -config ca.conf -keyfile key -in "
            "request -out server.pem -notext -startdate " +
            begin + " -enddate " + end + " && chmod 644 key");
    ASSERT_EQ(made.code, 0) << made.output;
    MailServer server = MailServer::dovecot("ssl_cert = <" + (place / "server.pem").native() + "\nssl_key = <" +
                                            (place / "key").native() + "\n");
    const Outcome outcome = mount("imaps://" + server.tls_authority(server.make_user()),
                                  wrong_ + " SSL_CERT_FILE=" + shell_word(place / "server.pem"));
    EXPECT_EQ(outcome.code, 78);
    expect_said(outcome, {"localhost", said, "check the date of this machine"});
  }
}

TEST_F(ImapRefusal, APlainPortOfAnotherHostIsNoPlaceForAPassword) {
  // Any host but this one is spoken to under encryption alone.
  testing::ScriptedServer server;
  server.answer("CAPABILITY", "* CAPABILITY IMAP4rev1\r\n$TAG OK done\r\n");
  write_file(sandbox_ / "p.toml", "[folders.Mail]\nuri = \"imap://anna@localhost:" + std::to_string(server.port()) +
                                      "\"\nstarttls = true\npassword_env = \"MAPISTORE_PASSWORD\"\n");
  ::setenv("MAPISTORE_PASSWORD", secret_.c_str(), 1);
  const TempMount mount{sandbox_, (sandbox_ / "p.toml").native(), {}, "other", false};
  EXPECT_TRUE(eventually([&] { return mount.errors().find("encryption") != std::string::npos; }, 10s))
      << mount.errors();
  for (const std::string& command : server.commands()) EXPECT_EQ(command.find(secret_), std::string::npos) << command;
  EXPECT_EQ(mount.errors().find(secret_), std::string::npos);
  EXPECT_EQ(mount.status().find(secret_), std::string::npos);
}

TEST_F(ImapRefusal, NoSuchMailbox) {
  const Outcome outcome = mount("imap://" + server_.authority(server_.make_user()) + "/Nowhere", right_);
  EXPECT_EQ(outcome.code, 66);
  expect_said(outcome, {"Nowhere", "without a path"});
}

TEST_F(ImapRefusal, ThePasswordOfAMountIsNowhere) {
  // Here the right one is looked for, as it is in use.
  Account account{"dovecot"};
  const TempMount mount{sandbox_, account.uri()};
  ASSERT_EQ(write_file(mount / "INBOX/a.eml", mail("a")), 0);
  ASSERT_NE(write_file(mount / "INBOX/b.ics", event("b")), 0);
  const std::string process = "/proc/" + std::to_string(mount.pid());
  for (const char* file : {"/cmdline", "/environ", "/mountinfo"})
    EXPECT_EQ(read_file(process + file)->find(server_.password()), std::string::npos) << file;
  EXPECT_EQ((mount.status() + mount.errors()).find(server_.password()), std::string::npos);
  EXPECT_NE(run("find " + shell_word(sandbox_.path()) + " -xdev -type f -exec grep -l " + server_.password() +
                " {} + | grep -q .")
                .code,
            0);
}

}  // namespace
}  // namespace mapistore::mount_tests::imap_refusal_test
