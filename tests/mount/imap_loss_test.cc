// Mailboxes that are made anew, and lists of them that fail: what a mount keeps.
#include <map>
#include <set>

#include "tests/mount/imap_fixture.h"
#include "tests/support/scripted_server.h"

namespace mapistore::mount_tests::imap_loss_test {
namespace {

using testing::eventually;
using testing::names_in;
using testing::read_file;
using testing::stat_of;
using testing::TempMount;
using testing::write_file;
using namespace std::chrono_literals;

class ImapRemade : public Imap {
 protected:
  void SetUp() override {
    account_.other.ask("CREATE Box");
    for (int i = 0; i < 8; ++i) {
      const std::string number = std::to_string(i);
      messages_.push_back(crlf(mail("m" + number, std::string(static_cast<std::size_t>(i) * 50, 'x') + "\n")));
      dates_.push_back("\"0" + std::to_string(i + 1) + "-Feb-2024 04:05:06 +0000\"");
      account_.append("Box", messages_.back(), dates_.back());
    }
    // A server that does not tell of all mailboxes is asked.
    write_file(sandbox_ / "p.toml",
               "[folders.Mail]\nuri = \"" + account_.uri() + "\"\npassword_env = \"MAPISTORE_PASSWORD\"\npoll = 1\n");
    mount_.emplace(sandbox_, (sandbox_ / "p.toml").native());
    ASSERT_EQ(names("Box").size(), messages_.size());
    for (const std::string& name : names("Box")) {
      before_ += name + " " + std::to_string(stat_of(at("Box") / name).st_ino) + "\n";
      bytes_[name] = read_file(at("Box") / name).value_or("(none)");
    }
  }
  /// Has the mailbox anew, with the same messages in another order, so that its UIDs are those of others.
  void remake() {
    account_.other.ask("DELETE Box");
    account_.other.ask("CREATE Box");
    for (std::size_t i = messages_.size(); i-- > 0;) account_.append("Box", messages_[i], dates_[i]);
  }
  Path at(std::string_view name) const { return *mount_ / "Mail" / name; }
  Names names(std::string_view name) const { return names_in(at(name)); }
  /// What the server has, for who looks into a failure.
  std::string served() {
    std::string text = account_.other.ask("STATUS Box (UIDVALIDITY UIDNEXT MESSAGES)");
    for (const Stored& one : account_.stored("Box"))
      text += std::to_string(one.uid) + " " + std::to_string(one.bytes.size()) + " octets\n";
    return text;
  }
  std::string now() const {
    std::string text;
    for (const std::string& name : names("Box"))
      text += name + " " + std::to_string(stat_of(at("Box") / name).st_ino) + "\n";
    return text;
  }
  void expect_right_bytes() {
    for (const auto& [name, bytes] : bytes_) EXPECT_EQ(read_file(at("Box") / name), bytes) << name;
    EXPECT_EQ(account_.stored("Box").size(), messages_.size());
  }

  std::vector<std::string> messages_, dates_;
  std::map<std::string, std::string> bytes_;
  std::string before_;
};
INSTANTIATE_TEST_SUITE_P(Servers, ImapRemade, ::testing::Values("dovecot", "mdbox", "cyrus"), server_name);

TEST_P(ImapRemade, WhileUnmounted) {
  ASSERT_EQ(mount_->unmount().code, 0);
  remake();
  ASSERT_EQ(mount_->start().code, 0);
  ASSERT_TRUE(mount_->wait_ready());
  EXPECT_TRUE(eventually([&] { return now() == before_; }, 5s)) << before_ << now();
  expect_right_bytes();
}

TEST_P(ImapRemade, WhileMounted) {
  remake();
  // Meanwhile no name shows another's bytes.
  for (int round = 0; round < 20; ++round)
    for (const auto& [name, bytes] : bytes_) EXPECT_EQ(read_file(at("Box") / name).value_or(bytes), bytes) << name;
  // What comes then tells that it has been looked at since.
  account_.append("Box", crlf(mail("later")));
  const auto later = [&] {
    Names there = names("Box");
    std::erase_if(there, [](const std::string& name) { return name.find("_later.") == std::string::npos; });
    return there;
  };
  ASSERT_TRUE(eventually([&] { return !later().empty(); }, 10s)) << mount_->errors();
  ASSERT_EQ(remove_name(at("Box") / later().at(0)), 0);
  EXPECT_TRUE(eventually([&] { return now() == before_; }, 5s)) << before_ << now() << served();
  expect_right_bytes();
}

TEST_P(ImapRemade, ChangesOfOldMessagesReachNoOther) {
  remake();
  // Each may fail, as what it means is gone, or be done to the right one.
  const auto& [name, bytes] = *bytes_.begin();
  static_cast<void>(testing::set_xattr(at("Box") / name, "user.mapi.flags", "flagged"));
  for (const Stored& one : account_.stored("Box"))
    EXPECT_TRUE(one.bytes == bytes || one.flags.find("Flagged") == std::string::npos) << one.bytes;
  static_cast<void>(remove_name(at("Box") / name));
  std::multiset<std::string> there;
  for (const char* box : {"Box", "Trash"})
    for (const Stored& one : account_.stored(box)) there.insert(one.bytes);
  EXPECT_EQ(there, std::multiset<std::string>(messages_.begin(), messages_.end())) << "none is lost";
  for (const Stored& one : account_.stored("Trash")) EXPECT_EQ(one.bytes, bytes);
}

TEST(ImapList, ThatFailsRemovesNoFolder) {
  testing::ScriptedServer server;
  server.answer("CAPABILITY", "* CAPABILITY IMAP4rev1\r\n$TAG OK done\r\n");
  server.answer("LIST", "* LIST () \"/\" INBOX\r\n* LIST () \"/\" Box\r\n$TAG OK done\r\n");
  server.answer("LIST \"\" \"\"", "* LIST (\\Noselect) \"/\" \"\"\r\n$TAG OK done\r\n");
  for (const char* command : {"SELECT", "EXAMINE"})
    server.answer(command,
                  "* FLAGS (\\Seen)\r\n* 0 EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY 7] ok\r\n"
                  "* OK [UIDNEXT 1] ok\r\n$TAG OK done\r\n");
  const Sandbox sandbox;
  ::setenv("MAPISTORE_PASSWORD", "secret", 1);
  write_file(sandbox / "p.toml", "[folders.Mail]\nuri = \"imap://anna@localhost:" + std::to_string(server.port()) +
                                     "\"\npassword_env = \"MAPISTORE_PASSWORD\"\npoll = 1\nrefresh = 1\n");
  const TempMount mount{sandbox, (sandbox / "p.toml").native()};
  ASSERT_EQ(names_in(mount / "Mail"), (Names{"Box", "INBOX"})) << mount.errors();
  const ino_t inode = stat_of(mount / "Mail/Box").st_ino;
  const auto asked = [&] {
    return std::ranges::count_if(server.commands(), [](const std::string& one) { return one.starts_with("LIST"); });
  };
  for (const char* reply : {"$TAG NO later\r\n", "* LIST () \"/\" INBOX\r\n$TAG NO later\r\n",
                            "* LIST () \"/\" INBOX\r\n$TAG BAD what\r\n"}) {
    server.answer("LIST \"\" \"*\"", reply);
    const auto before = asked();
    EXPECT_TRUE(eventually([&] { return asked() > before + 1; }, 8s)) << "is looked for again";
    EXPECT_EQ(names_in(mount / "Mail"), (Names{"Box", "INBOX"})) << reply;
  }
  EXPECT_EQ(stat_of(mount / "Mail/Box").st_ino, inode);
}

}  // namespace
}  // namespace mapistore::mount_tests::imap_loss_test
