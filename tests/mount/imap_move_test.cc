// Moves between mail servers, a database server and other media by rename(2), of real mails, and a daemon killed
// meanwhile.
#include <map>
#include <random>
#include <thread>

#include "tests/mount/imap_fixture.h"
#include "tests/mount/move_fixture.h"
#include "tests/support/database_server.h"

namespace mapistore::mount_tests::imap_move_test {
namespace {

using testing::eventually;
using testing::names_in;
using testing::read_file;
using testing::run;
using testing::set_xattr;
using testing::shell_word;
using testing::stat_of;
using testing::TempMount;
using testing::write_file;
using testing::xattr;
using namespace std::chrono_literals;

constexpr std::size_t mails = 20;

/// A mail server may refuse these.
bool is_refused(const std::string& bytes) {
  const std::string text = crlf(bytes);
  const std::string header = text.substr(0, text.find("\r\n\r\n"));
  return text.find('\0') != std::string::npos || header.find(':') == std::string::npos || header.starts_with("From ") ||
         std::ranges::any_of(header, [](char c) { return c < 0; });
}

/// A store of two top folders, From and To, at least one of them on a real server.
class ImapMove : public ::testing::TestWithParam<Pair> {
 protected:
  void SetUp() override {
    write_file(sandbox_ / "two.toml", top("From", GetParam().from, from_) + top("To", GetParam().to, to_));
    mount_.emplace(sandbox_, (sandbox_ / "two.toml").native());
    unpack_corpus(sandbox_, false);
    Names files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{sandbox_ / "in/mail"})
      if (entry.path().extension() == ".eml") files.push_back(entry.path().native());
    std::ranges::sort(files);
    // From everywhere in the corpus, so that each source of mails has a few.
    const std::size_t step = std::max<std::size_t>(1, files.size() / (mails * 2));
    for (std::size_t i = 0; i < files.size() && messages_.size() < mails; i += step) {
      const std::string bytes = read_file(files[i]).value_or("");
      if (bytes.empty() || is_refused(bytes) || bytes.size() > 500'000) continue;
      const std::string name = "m" + std::to_string(i) + ".eml";
      ASSERT_EQ(write_file(*mount_ / "From" / name, crlf(bytes)), 0) << files[i] << mount_->errors();
      messages_[name] = crlf(bytes);
    }
    ASSERT_EQ(messages_.size(), mails);
  }
  /// Each is there once, in one folder or the other, with its bytes.
  void expect_each_once(const std::string& when) {
    // A server may show on one connection, for a moment, what has just been expunged on another.
    EXPECT_TRUE(testing::eventually([&] { return strangers().empty(); }, std::chrono::seconds{5}))
        << when << ": " << strangers();
    std::map<std::string, int> found;
    for (const char* folder : {"From", "To"})
      for (const std::string& name : names_in(*mount_ / folder)) {
        if (!messages_.contains(name)) {
          EXPECT_FALSE(name.ends_with(".eml")) << when << ": " << folder << '/' << name << " is nobody's";
          continue;
        }
        ++found[name];
        EXPECT_EQ(read_file(*mount_ / folder / name), messages_[name]) << when << ": " << folder << '/' << name;
      }
    for (const auto& [name, bytes] : messages_) EXPECT_EQ(found[name], 1) << when << ": " << name;
  }
  /// Messages that are none of ours.
  std::string strangers() {
    std::string all;
    for (const char* folder : {"From", "To"})
      for (const std::string& name : names_in(*mount_ / folder))
        if (name.ends_with(".eml") && !messages_.contains(name)) all += std::string(folder) + '/' + name + ' ';
    return all;
  }
  std::size_t in_mailbox(std::optional<Account>& account) { return account->stored("Box").size(); }

  Sandbox sandbox_;
  std::optional<Account> from_, to_;
  std::optional<TempMount> mount_;
  std::map<std::string, std::string> messages_;

 private:
  std::string top(const std::string& name, const std::string& kind, std::optional<Account>& account) {
    const std::string head = "[folders." + name + "]\nuri = \"";
    if (kind == "file" || kind == "maildir" || kind == "archive" || kind == "sqlite")
      return head + make_medium(sandbox_, kind, name) + "\"\n";
    if (kind == "mysql") {
      auto& database = testing::DatabaseServer::shared();
      ::setenv("MAPISTORE_SQL_PASSWORD", database.password().c_str(), 1);
      return head + database.uri(database.make_database()) + "\"\npassword_env = \"MAPISTORE_SQL_PASSWORD\"\n";
    }
    account.emplace(kind);
    account->other.ask("CREATE Box");
    ::setenv(("MAPISTORE_PASSWORD_" + name).c_str(), account->server.password().c_str(), 1);
    return head + account->uri() + "/Box\"\npassword_env = \"MAPISTORE_PASSWORD_" + name + "\"\n";
  }
};
INSTANTIATE_TEST_SUITE_P(Media, ImapMove,
                         ::testing::Values(Pair{"file", "dovecot"}, Pair{"maildir", "cyrus"}, Pair{"mdbox", "maildir"},
                                           Pair{"cyrus", "file"}, Pair{"dovecot", "cyrus"}, Pair{"dovecot", "archive"},
                                           Pair{"archive", "cyrus"}, Pair{"sqlite", "dovecot"},
                                           Pair{"cyrus", "sqlite"}, Pair{"file", "mysql"}, Pair{"mysql", "maildir"},
                                           Pair{"sqlite", "mysql"}, Pair{"mysql", "archive"}, Pair{"dovecot", "mysql"},
                                           Pair{"mysql", "cyrus"}),
                         [](const auto& pair) { return pair.param.from + "_to_" + pair.param.to; });

TEST_P(ImapMove, KeepsAllThatRealMailsHave) {
  std::map<std::string, struct stat> before;
  int number = 0;
  for (const auto& [name, bytes] : messages_) {
    const Path file = *mount_ / "From" / name;
    ASSERT_EQ(set_xattr(file, "user.mapi.flags", ++number % 2 == 0 ? "read flagged" : "read answered"), 0)
        << mount_->errors();
    ASSERT_EQ(set_xattr(file, "user.mapi.categories", "Red"), 0);
    before[name] = stat_of(file);
  }
  for (const auto& [name, bytes] : messages_)
    ASSERT_EQ(move(*mount_ / "From" / name, *mount_ / "To" / name), 0) << name << mount_->errors();
  const auto check = [&](const char* when) {
    int checked = 0;
    for (const auto& [name, bytes] : messages_) {
      const Path file = *mount_ / "To" / name;
      const struct stat now = stat_of(file);
      EXPECT_EQ(now.st_ino, before[name].st_ino) << when << name;
      EXPECT_EQ(now.st_mtim.tv_sec, before[name].st_mtim.tv_sec) << when << name;
      EXPECT_EQ(now.st_size, before[name].st_size) << when << name;
      EXPECT_EQ(read_file(file), bytes) << when << name;
      EXPECT_EQ(xattr(file, "user.mapi.flags"), ++checked % 2 == 0 ? "read flagged" : "read answered") << when << name;
      EXPECT_EQ(xattr(file, "user.mapi.categories"), "Red") << when << name;
    }
    expect_each_once(when);
  };
  check("at once: ");
  if (from_) {
    EXPECT_TRUE(eventually([&] { return in_mailbox(from_) == 0; }, 10s)) << mount_->errors();
  }
  if (to_) {
    EXPECT_EQ(in_mailbox(to_), mails);
    for (const Stored& one : to_->stored("Box")) EXPECT_NE(one.flags.find("\\Seen"), std::string::npos) << one.flags;
  }
  ASSERT_TRUE(mount_->remount());
  check("after a remount: ");
}

/// Mails as local programs keep them: lines end in LF alone.
class ImapLineEnds : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Servers, ImapLineEnds, ::testing::Values("dovecot", "cyrus"), server_name);

TEST_P(ImapLineEnds, BecomeThoseOfAServerOnTheWayThere) {
  Sandbox sandbox;
  Account account{GetParam()};
  account.other.ask("CREATE Box");
  ::setenv("MAPISTORE_PASSWORD_To", account.server.password().c_str(), 1);
  write_file(sandbox / "two.toml", "[folders.From]\nuri = \"" + make_medium(sandbox, "maildir", "from") +
                                       "\"\n[folders.To]\nuri = \"" + account.uri() +
                                       "/Box\"\npassword_env = \"MAPISTORE_PASSWORD_To\"\n");
  TempMount mount{sandbox, sandbox / "two.toml"};
  std::map<std::string, std::string> sent;
  for (int i = 0; i < 10; ++i) {
    const std::string name = "m" + std::to_string(i) + ".eml";
    sent[name] = mail(name, i == 3 ? std::string(300'000, 'x') + "\nno end" : "one\r\ntwo\nthree\rfour\n");
    ASSERT_EQ(write_file(mount / "From" / name, sent[name]), 0);
  }
  const auto rename = [&](const std::string& name) {
    return ::rename((mount / "From" / name).c_str(), (mount / "To" / name).c_str());
  };
  for (int i = 0; i < 5; ++i) ASSERT_EQ(rename("m" + std::to_string(i) + ".eml"), 0) << mount.errors();
  // Killed in the middle of the rest, none is there twice.
  {
    const std::jthread mover{[&] {
      for (const auto& [name, bytes] : sent) static_cast<void>(rename(name));
    }};
    std::this_thread::sleep_for(60ms);
    mount.kill9();
  }
  ASSERT_TRUE(mount.remount());
  for (const auto& [name, bytes] : sent)
    if (testing::is_there(mount / "From" / name)) {
      EXPECT_EQ(read_file(mount / "From" / name), bytes) << name;
      ASSERT_EQ(rename(name), 0) << mount.errors();
    }
  for (const auto& [name, bytes] : sent) {
    EXPECT_EQ(read_file(mount / "To" / name), crlf(bytes)) << name;
    EXPECT_EQ(static_cast<std::size_t>(stat_of(mount / "To" / name).st_size), crlf(bytes).size()) << name;
  }
  EXPECT_TRUE(eventually([&] { return account.stored("Box").size() == sent.size(); }, 10s))
      << account.stored("Box").size();
  EXPECT_EQ(names_in(mount / "From"), Names{});
  // Written there, they are so at once.
  for (const char* name : {"m1.eml", "m3.eml"}) {
    ASSERT_EQ(write_file(mount / "To" / ("new_" + std::string(name)), sent[name]), 0) << mount.errors();
    EXPECT_EQ(read_file(mount / "To" / ("new_" + std::string(name))), crlf(sent[name])) << name;
  }
}

TEST_P(ImapMove, KilledInTheMiddleEachIsThereOnce) {
  std::mt19937 random{7};
  for (int round = 0; round < kills(3); ++round) {
    const Path from = *mount_ / (round % 2 == 0 ? "From" : "To"), to = *mount_ / (round % 2 == 0 ? "To" : "From");
    {
      const std::jthread mover{[&] {
        for (const auto& [name, bytes] : messages_)
          if (const int error = move(from / name, to / name); error != 0 && error != ENOENT) return;
      }};
      std::this_thread::sleep_for(std::chrono::milliseconds{std::uniform_int_distribution{1, 600}(random)});
      mount_->kill9();
    }
    ASSERT_TRUE(mount_->remount());
    expect_each_once("round " + std::to_string(round));
    if (HasFailure()) return;
  }
  // And the media agree, once what was under way has been ended.
  std::size_t shown = 0;
  if (to_) {
    shown = std::ranges::count_if(names_in(*mount_ / "To"), [&](const auto& name) { return messages_.contains(name); });
    EXPECT_TRUE(eventually([&] { return in_mailbox(to_) == shown; }, 10s)) << in_mailbox(to_) << " of " << shown;
  }
  if (from_) {
    shown =
        std::ranges::count_if(names_in(*mount_ / "From"), [&](const auto& name) { return messages_.contains(name); });
    EXPECT_TRUE(eventually([&] { return in_mailbox(from_) == shown; }, 10s)) << in_mailbox(from_) << " of " << shown;
  }
}

}  // namespace
}  // namespace mapistore::mount_tests::imap_move_test
