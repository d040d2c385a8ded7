// mapistorectl switch from and to real mail servers.
#include "tests/mount/imap_fixture.h"
#include "tests/mount/switch_fixture.h"
#include "tests/support/wire_proxy.h"

namespace mapistore::mount_tests::switch_imap_test {
namespace {

using testing::eventually;
using testing::shell_word;
using testing::TempMount;
using testing::WireProxy;
using testing::write_file;
using namespace std::chrono_literals;

class ImapSwitch : public SwitchTest, public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Servers, ImapSwitch, ::testing::Values("dovecot", "cyrus"),
                         [](const auto& server) { return std::string(server.param); });

TEST_P(ImapSwitch, AReplicaKeepsNoOldVersionThatNobodyAnsweredFor) {
  Account account{GetParam()};
  WireProxy proxy{account.server.port()};
  write_profile(make_medium(sandbox_, "file", "old"));
  TempMount mount{sandbox_, profile()};
  ASSERT_EQ(write_file(mount / "Mail/m.eml", crlf(mail("m"))), 0);
  const auto begun = control("replicate Mail '" + account.uri(proxy.port()) + "/INBOX' --set password_file=" +
                             password_file(account.server.password()));
  ASSERT_EQ(begun.code, 0) << begun.output << mount.errors();
  const auto holds = [&](const std::string& bytes) { return account.bodies("INBOX") == std::vector{bytes}; };
  ASSERT_TRUE(eventually([&] { return holds(crlf(mail("m"))); }, 20s)) << mount.errors();
  // So that the connections that it takes are there.
  ASSERT_EQ(write_file(mount / "Mail/m.eml", crlf(mail("m", "Once.\n"))), 0);
  ASSERT_TRUE(eventually([&] { return holds(crlf(mail("m", "Once.\n"))); }, 20s)) << mount.errors() << mount.status();

  proxy.set_mode(WireProxy::Mode::refuse);
  proxy.cut_after(WireProxy::Direction::up, 0, "UID EXPUNGE");
  const std::string edited = crlf(mail("m", "Edited.\n"));
  ASSERT_EQ(write_file(mount / "Mail/m.eml", edited), 0);
  ASSERT_TRUE(eventually([&] { return account.bodies("INBOX").size() == 2; }, 20s)) << proxy.counts().cuts;
  proxy.set_mode(WireProxy::Mode::forward);
  EXPECT_TRUE(eventually([&] { return holds(edited); }, 90s)) << account.bodies("INBOX").size() << mount.errors();
}

TEST_P(ImapSwitch, FromADirectoryAndOnToAnArchive) {
  Account account{GetParam()};
  const std::string password = password_file(account.server.password());
  write_profile(make_medium(sandbox_, "file", "old"));
  TempMount mount{sandbox_, profile()};
  for (int i = 0; i < 40; ++i)
    ASSERT_EQ(write_file(mount / ("Mail/m" + std::to_string(i) + ".eml"), crlf(mail("m" + std::to_string(i)))), 0);
  ASSERT_EQ(testing::set_xattr(mount / "Mail/m1.eml", "user.mapi.flags", "flagged"), 0);
  const auto before = shown(mount / "Mail");

  const auto switched = control("switch Mail '" + account.uri() + "/INBOX' --set password_file=" + password);
  ASSERT_EQ(switched.code, 0) << switched.output << mount.errors();
  EXPECT_EQ(shown(mount / "Mail"), before);
  const auto there = account.stored("INBOX");
  EXPECT_EQ(there.size(), 40u);
  EXPECT_EQ(std::ranges::count_if(there, [](const Stored& one) { return one.flags.contains("\\Flagged"); }), 1);
  ASSERT_EQ(write_file(mount / "Mail/new.eml", crlf(mail("new"))), 0);
  EXPECT_EQ(account.stored("INBOX").size(), 41u);
  // What another client does there shows, as in any folder on a server.
  account.append("INBOX", crlf(mail("delivered")));
  EXPECT_TRUE(eventually([&] { return testing::names_in(mount / "Mail").size() == 42; }, 15s)) << mount.errors();
  ASSERT_EQ(control("switch Mail --finish").code, 0);

  Writer writer{mount / "Mail"};
  ASSERT_EQ(::mkdir((mount / "Mail/Sub").c_str(), 0700), 0);
  ASSERT_TRUE(eventually([&] { return writer.count() > 20; }, 20s));
  const auto archived = control("switch Mail " + make_medium(sandbox_, "archive", "new"));
  ASSERT_EQ(archived.code, 0) << archived.output << mount.errors();
  const auto wanted = writer.finish();
  const auto now = shown(mount / "Mail");
  for (const auto& [path, was] : before) EXPECT_TRUE(now.contains(path) && now.at(path) == was) << path;
  for (const auto& [path, bytes] : wanted)
    EXPECT_TRUE(now.contains(path) && (now.at(path).bytes == bytes || now.at(path).bytes == crlf(bytes))) << path;
  EXPECT_EQ(testing::xattr(mount / "Mail/m1.eml", "user.mapi.flags"), "flagged");
  const std::size_t left = account.stored("INBOX").size();
  ASSERT_EQ(write_file(mount / "Mail/last.eml", mail("last")), 0);
  EXPECT_EQ(account.stored("INBOX").size(), left) << "the server is left as it was";
}

TEST_P(ImapSwitch, MailsWithOtherLineEndsAndATrash) {
  Account account{GetParam()};
  const std::string password = password_file(account.server.password());
  write_profile(make_medium(sandbox_, "maildir", "old"));
  TempMount mount{sandbox_, profile()};
  std::map<std::string, std::string> sent;
  for (int i = 0; i < 12; ++i) {
    const std::string name = "m" + std::to_string(i) + ".eml";
    sent[name] = mail(name, i == 3 ? std::string(300'000, 'x') + "\nno end" : "one\r\ntwo\nthree\rfour\n");
    ASSERT_EQ(write_file(mount / "Mail" / name, sent[name]), 0);
  }
  ASSERT_EQ(write_file(mount / "Mail/gone.eml", mail("gone")), 0);
  ASSERT_EQ(::unlink((mount / "Mail/gone.eml").c_str()), 0);
  const auto switched = control("switch Mail '" + account.uri() + "/INBOX' --set password_file=" + password);
  ASSERT_EQ(switched.code, 0) << switched.output << mount.errors();
  for (const auto& [name, bytes] : sent) {
    EXPECT_EQ(testing::read_file(mount / "Mail" / name), crlf(bytes)) << name;
    EXPECT_EQ(static_cast<std::size_t>(testing::stat_of(mount / "Mail" / name).st_size), crlf(bytes).size()) << name;
  }
  EXPECT_EQ(account.stored("INBOX").size(), sent.size());
  EXPECT_EQ(testing::names_in(mount / ".mapistorefs/trash/Mail"), Names{"gone.eml"});
  // And back, with a mail that came meanwhile.
  ASSERT_EQ(write_file(mount / "Mail/new.eml", mail("new")), 0);
  const auto back = control("switch Mail --rollback");
  ASSERT_EQ(back.code, 0) << back.output << mount.errors();
  EXPECT_EQ(testing::read_file(mount / "Mail/new.eml"), crlf(mail("new")));
  // The Maildir has them as they were written.
  for (const auto& [name, bytes] : sent) EXPECT_EQ(testing::read_file(mount / "Mail" / name), bytes) << name;
}

TEST_F(SwitchTest, AWholeAccountGoesFromOneServerToAnotherWhileMailIsDelivered) {
  Account from{"dovecot"}, to{"cyrus"};
  const std::string secrets = password_file(from.server.password(), "from");
  ASSERT_EQ(write_file(profile(),
                       "[folders.Mail]\nuri = \"" + from.uri() + "/INBOX\"\npassword_file = \"" + secrets + "\"\n"),
            0);
  for (int i = 0; i < 60; ++i) from.append("INBOX", crlf(mail("m" + std::to_string(i))), i % 2 == 0 ? "(\\Seen) " : "");
  TempMount mount{sandbox_, profile()};
  const auto before = shown(mount / "Mail");
  ASSERT_EQ(before.size(), 60u);
  std::atomic<bool> enough = false;
  std::atomic<int> delivered = 0;
  std::jthread postman{[&] {
    for (; !enough && delivered < 400; ++delivered) {
      from.append("INBOX", crlf(mail("late" + std::to_string(delivered))));
      std::this_thread::sleep_for(20ms);
    }
  }};
  ASSERT_TRUE(eventually([&] { return delivered > 10; }, 10s));
  const auto before_switch = static_cast<std::size_t>(delivered);
  const auto switched =
      control("switch Mail '" + to.uri() + "/INBOX' --set password_file=" + password_file(to.server.password(), "to"));
  enough = true;
  postman.join();
  ASSERT_EQ(switched.code, 0) << switched.output << mount.errors();
  const auto now = shown(mount / "Mail");
  for (const auto& [path, was] : before) EXPECT_TRUE(now.contains(path) && now.at(path) == was) << path;
  // What the old server got afterwards is there; all that it had at the exchange has come along.
  EXPECT_GE(now.size(), 60u + before_switch);
  const auto there = to.stored("INBOX");
  EXPECT_EQ(there.size(), now.size());
  EXPECT_LE(now.size(), 60u + static_cast<std::size_t>(delivered));
  EXPECT_EQ(std::ranges::count_if(there, [](const Stored& one) { return one.flags.contains("\\Seen"); }), 30);
}

}  // namespace
}  // namespace mapistore::mount_tests::switch_imap_test
