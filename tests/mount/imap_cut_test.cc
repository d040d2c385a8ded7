// The wire between mount and server is cut, after each byte of what they say: no message is lost, none is there twice.
#include <fcntl.h>

#include <regex>
#include <set>
#include <thread>

#include "tests/mount/imap_fixture.h"
#include "tests/support/memory.h"
#include "tests/support/wire_proxy.h"

namespace mapistore::mount_tests::imap_cut_test {
namespace {

using testing::eventually;
using testing::is_there;
using testing::names_in;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::WireProxy;
using testing::write_file;
using namespace std::chrono_literals;
using Direction = WireProxy::Direction;

/// Most cuts of one dialogue; with MAPISTORE_TEST_CUTS=all there is one after each byte.
std::uint64_t stride(std::uint64_t bytes) {
  constexpr std::uint64_t most = 16;
  const char* text = std::getenv("MAPISTORE_TEST_CUTS");
  return text != nullptr && std::string_view{text} == "all" ? 1 : bytes / most + 1;
}

class ImapCut : public Imap {
 protected:
  void SetUp() override {
    account_.other.ask("CREATE Box");
    account_.other.ask("CREATE Second");
    proxy_.emplace(account_.server.port());
    mount_.emplace(sandbox_, account_.uri(proxy_->port()));
  }
  /// How much `action` has the wire carry.
  WireProxy::Counts cost(const std::function<void()>& action) {
    const auto before = proxy_->counts();
    action();
    return proxy_->counts() - before;
  }
  /// Calls `action` with a cut ahead, at each place of a dialogue that took `cost`.
  void at_each_cut(const WireProxy::Counts& cost, const std::string& pattern,
                   const std::function<void(const std::string& number)>& action) {
    int number = 0;
    for (const Direction direction : {Direction::up, Direction::down}) {
      const std::uint64_t bytes = (direction == Direction::up ? cost.up : cost.down) + 10;
      for (std::uint64_t after = 0; after <= bytes; after += stride(bytes)) {
        proxy_->cut_after(direction, after, direction == Direction::up ? pattern : std::string{});
        SCOPED_TRACE(std::string(direction == Direction::up ? "up " : "down ") + std::to_string(after));
        action(std::to_string(++number));
        if (HasFailure()) return;
      }
    }
    EXPECT_GT(proxy_->counts().cuts, 8u);
  }
  std::size_t count_of(std::string_view mailbox, const std::string& bytes) {
    return static_cast<std::size_t>(std::ranges::count(account_.bodies(mailbox), bytes));
  }

  std::optional<WireProxy> proxy_;
};
INSTANTIATE_TEST_SUITE_P(Servers, ImapCut, ::testing::Values("dovecot", "cyrus"), server_name);

TEST_P(ImapCut, WhatIsAppendedIsThereOnce) {
  const auto bytes_of = [](const std::string& number) { return crlf(mail("cut " + number)); };
  const auto usual = cost([&] { ASSERT_EQ(write_file(at("Box/0.eml"), bytes_of("000")), 0); });
  std::size_t messages = 1, failures = 0;
  at_each_cut(usual, "APPEND ", [&](const std::string& number) {
    const std::string bytes = bytes_of(number);
    const Path file = at("Box") / (number + ".eml");
    const int error = write_file(file, bytes);
    if (error != 0) {
      ++failures;
      EXPECT_EQ(count_of("Box", bytes), 0u) << "it failed with " << error << ", and is there: " << mount_->errors();
      EXPECT_FALSE(is_there(file));
      ASSERT_TRUE(eventually([&] { return write_file(file, bytes) == 0; }, 10s)) << mount_->errors();
    }
    EXPECT_EQ(count_of("Box", bytes), 1u) << "after " << error << mount_->errors();
    EXPECT_EQ(read_file(file), bytes);
    ++messages;
  });
  EXPECT_EQ(account_.stored("Box").size(), messages);
  EXPECT_TRUE(eventually([&] { return names("Box").size() == messages; })) << names("Box").size();
  ASSERT_TRUE(mount_->remount());
  EXPECT_EQ(names("Box").size(), messages);
  RecordProperty("failures", static_cast<int>(failures));
}

TEST_P(ImapCut, WhatIsMovedIsThereOnce) {
  const std::string bytes = crlf(mail("moved"));
  ASSERT_EQ(write_file(at("Box/0.eml"), bytes), 0);
  bool there = false;
  const auto go = [&] {
    const Path from = at(there ? "Second/0.eml" : "Box/0.eml"), to = at(there ? "Box/0.eml" : "Second/0.eml");
    const int error = move(from, to);
    if (error == 0) there = !there;
    return error;
  };
  const auto usual = cost([&] { ASSERT_EQ(go(), 0); });
  ASSERT_EQ(go(), 0);
  at_each_cut(usual, "UID MOVE ", [&](const std::string&) {
    const int error = go();
    const char* const here = there ? "Second" : "Box";
    const char* const elsewhere = there ? "Box" : "Second";
    EXPECT_EQ(count_of(here, bytes), 1u) << "after " << error << mount_->errors();
    EXPECT_EQ(count_of(elsewhere, bytes), 0u) << "after " << error << mount_->errors();
    EXPECT_TRUE(eventually([&] { return names(here) == Names{"0.eml"} && names(elsewhere).empty(); }, 5s)) << error;
    EXPECT_EQ(read_file(at(here) / "0.eml"), bytes) << "after " << error << mount_->errors();
  });
}

/// The answer to an edit is lost, and nobody can ask: the server has two versions, and the mount knows of one.
class ImapDoubt : public ImapCut {
 protected:
  void SetUp() override {
    account_.other.ask("CREATE Box");
    proxy_.emplace(account_.server.port());
    mount_.emplace(sandbox_, account_.uri(proxy_->port()), "deadline=4");
    ASSERT_EQ(write_file(file(), old_), 0);
    proxy_->set_mode(WireProxy::Mode::refuse);
    proxy_->cut_after(Direction::down, 0, "APPENDUID");
    EXPECT_NE(write_file(file(), edited_), 0);
    EXPECT_EQ(account_.bodies("Box").size(), 2u);
    EXPECT_EQ(read_file(file()), old_) << "who edited was told that it failed";
    proxy_->set_mode(WireProxy::Mode::forward);
  }
  Path file() const { return at("Box/m.eml"); }
  bool becomes(const std::vector<std::string>& bodies) {
    return eventually([&] { return account_.bodies("Box") == bodies && names("Box").size() == bodies.size(); }, 30s);
  }

  const std::string old_ = crlf(mail("m")), edited_ = crlf(mail("m", "Edited.\n"));
};
INSTANTIATE_TEST_SUITE_P(Servers, ImapDoubt, ::testing::Values("dovecot", "cyrus"), server_name);

TEST_P(ImapDoubt, WhatAFailedEditLeftGoesByItself) {
  EXPECT_TRUE(becomes({old_})) << mount_->errors();
  EXPECT_EQ(read_file(file()), old_);
}

TEST_P(ImapDoubt, EditedAgainItIsThereOnce) {
  ASSERT_TRUE(eventually([&] { return write_file(file(), edited_) == 0; }, 30s)) << mount_->errors();
  EXPECT_TRUE(becomes({edited_})) << mount_->errors();
  EXPECT_EQ(read_file(file()), edited_);
}

TEST_P(ImapDoubt, WhatIsRemovedThenDoesNotComeBack) {
  ASSERT_TRUE(eventually([&] { return ::unlink(file().c_str()) == 0; }, 30s)) << mount_->errors();
  EXPECT_TRUE(becomes({})) << mount_->errors();
}

TEST_P(ImapDoubt, AfterAKillItGoesAsWell) {
  mount_->kill9();
  ASSERT_EQ(mount_->start().code, 0);
  EXPECT_TRUE(becomes({old_})) << mount_->errors();
  EXPECT_EQ(read_file(file()), old_);
}

/// The server has the new version, and nobody can ask what became of the old one.
class ImapReplaced : public ImapCut {
 protected:
  void SetUp() override {
    account_.other.ask("CREATE Box");
    proxy_.emplace(account_.server.port());
    mount_.emplace(sandbox_, account_.uri(proxy_->port()), "deadline=4");
    ASSERT_EQ(write_file(file(), bytes_of(0)), 0);
  }
  Path file() const { return at("Box/m.eml"); }
  static std::string bytes_of(int edit) { return crlf(mail("m", "Edit " + std::to_string(edit) + ".\n")); }
  /// Edits with the wire cut from where the old version is to be marked, or removed, until all is over.
  void edit(const std::string& cut_at, int number) {
    SCOPED_TRACE(cut_at);
    proxy_->set_mode(WireProxy::Mode::refuse);
    proxy_->cut_after(Direction::up, 0, cut_at);
    EXPECT_EQ(write_file(file(), bytes_of(number)), 0) << mount_->errors();
    EXPECT_EQ(account_.bodies("Box").size(), 2u) << "the old version is there still";
    EXPECT_EQ(names("Box"), Names{"m.eml"}) << "and nobody sees it";
  }
  void expect_only(int number) {
    EXPECT_TRUE(eventually([&] { return account_.bodies("Box") == std::vector{bytes_of(number)}; }, 30s))
        << account_.bodies("Box").size() << mount_->errors();
    EXPECT_EQ(names("Box"), Names{"m.eml"});
    EXPECT_EQ(read_file(file()), bytes_of(number));
  }
};
INSTANTIATE_TEST_SUITE_P(Servers, ImapReplaced, ::testing::Values("dovecot", "cyrus"), server_name);

TEST_P(ImapReplaced, TheOldVersionGoesWhenTheServerAnswersAgain) {
  int number = 0;
  for (const char* cut_at : {"UID STORE", "UID EXPUNGE"}) {
    edit(cut_at, ++number);
    proxy_->set_mode(WireProxy::Mode::forward);
    expect_only(number);
  }
}

TEST_P(ImapReplaced, AfterAKillItGoesAsWell) {
  edit("UID EXPUNGE", 1);
  mount_->kill9();
  proxy_->set_mode(WireProxy::Mode::forward);
  ASSERT_EQ(mount_->start().code, 0);
  expect_only(1);
}

TEST_P(ImapCut, SaysNothingWhileNothingHappens) {
  for (const char* name : {"a.eml", "b.eml"}) ASSERT_EQ(write_file(at("Box") / name, crlf(mail(name))), 0);
  // A folder that has lost its last message is asked for those after a UID that it has no more.
  ASSERT_EQ(::unlink((at("Box") / "b.eml").c_str()), 0);
  std::this_thread::sleep_for(3s);
  const auto usual = cost([] { std::this_thread::sleep_for(3s); });
  EXPECT_LT(usual.up, 200u) << usual.up / 3 << " octets a second";
}

TEST_P(ImapCut, WhatIsReadIsRightOrAnError) {
  constexpr int count = 70;
  std::vector<std::string> bodies;
  for (int i = 0; i < count; ++i) {
    const std::string text = "read " + std::to_string(i);
    std::string lines;
    for (int line = 0; line < 40; ++line) lines += text + std::to_string(line) + "\n";
    bodies.push_back(crlf(mail(text, lines)));
    account_.append("INBOX", bodies.back());
  }
  ASSERT_TRUE(eventually([&] { return names("INBOX").size() == static_cast<std::size_t>(count); }, 20s));
  std::set<std::string> wanted(bodies.begin(), bodies.end()), read;
  const Names files = names("INBOX");
  std::size_t next = 0;
  const auto read_one = [&] {
    const Path file = at("INBOX") / files.at(next++);
    auto bytes = read_file(file);
    if (!bytes) {
      ASSERT_TRUE(eventually([&] { return (bytes = read_file(file)).has_value(); }, 10s)) << mount_->errors();
    }
    EXPECT_TRUE(wanted.contains(*bytes)) << bytes->size();
    EXPECT_TRUE(read.insert(*bytes).second) << "another's";
  };
  const auto usual = cost(read_one);
  for (const Direction direction : {Direction::up, Direction::down}) {
    const std::uint64_t bytes = direction == Direction::up ? usual.up : usual.down;
    for (std::uint64_t after = 0; after < bytes && next < files.size(); after += bytes / 30 + 1) {
      proxy_->cut_after(direction, after);
      SCOPED_TRACE(std::string(direction == Direction::up ? "up " : "down ") + std::to_string(after));
      read_one();
      if (HasFailure()) return;
    }
  }
  while (next < files.size()) read_one();
  EXPECT_EQ(read.size(), bodies.size());
}

TEST_P(ImapCut, ALongMessageCutAnywhereIsThereOnce) {
  std::string text;
  for (int line = 0; line < 12'000; ++line) text += "line " + std::to_string(line) + " of a long message\n";
  const std::string bytes = crlf(mail("long", text));
  int number = 0;
  for (std::uint64_t after = 0; after < bytes.size() + 2000; after += bytes.size() / 5) {
    proxy_->cut_after(Direction::up, after, "APPEND ");
    const Path file = at("Box") / (std::to_string(++number) + ".eml");
    // Without a number of its own: equal to those that are there already.
    const int error = write_file(file, bytes);
    if (error != 0) {
      EXPECT_EQ(count_of("Box", bytes), static_cast<std::size_t>(number) - 1) << "it failed with " << error;
      ASSERT_TRUE(eventually([&] { return write_file(file, bytes) == 0; }, 10s)) << mount_->errors();
    }
    EXPECT_EQ(count_of("Box", bytes), static_cast<std::size_t>(number)) << after << mount_->errors();
    EXPECT_EQ(read_file(file), bytes);
    if (HasFailure()) return;
  }
  EXPECT_EQ(names("Box").size(), static_cast<std::size_t>(number));
}

TEST_P(ImapCut, AListThatComesInPartRemovesNoFolder) {
  mount_.reset();
  write_file(sandbox_ / "p.toml",
             "[folders.Mail]\nuri = \"" + account_.uri(proxy_->port()) +
                 "\"\npassword_env = \"MAPISTORE_PASSWORD\"\ncompress = false\nrefresh = 1\npoll = 1\n");
  account_.append("Box", crlf(mail("a")));
  mount_.emplace(sandbox_, (sandbox_ / "p.toml").native());
  const Names before = names("Mail");
  ASSERT_GT(before.size(), 3u);
  const std::string file = "Mail/Box/" + names("Mail/Box").at(0);
  const ino_t inode = testing::stat_of(at(file)).st_ino;
  for (const std::uint64_t after : {0, 1, 20, 60}) {
    proxy_->cut_after(Direction::down, after, "* LIST ");
    const auto cuts = proxy_->counts().cuts;
    // A new folder is what makes all folders be looked for.
    account_.other.ask("CREATE Made" + std::to_string(after));
    EXPECT_TRUE(eventually([&] { return proxy_->counts().cuts > cuts; }, 5s)) << "no list was asked for";
    for (int look = 0; look < 5; ++look)
      for (const std::string& name : before) ASSERT_TRUE(is_there(at("Mail") / name)) << name;
    EXPECT_TRUE(eventually([&] { return is_there(at("Mail/Made" + std::to_string(after))); }, 10s)) << mount_->errors();
    for (const std::string& name : before) ASSERT_TRUE(is_there(at("Mail") / name)) << name;
    EXPECT_EQ(testing::stat_of(at(file)).st_ino, inode);
  }
}

/// Bytes that the daemon has taken from its heap, in use.
std::uint64_t heap_of(const std::string& status) {
  std::smatch found;
  static const std::regex used{R"re("memory": \{[^}]*"used": (\d+))re"};
  return std::regex_search(status, found, used) ? std::stoull(found[1]) : 0;
}

TEST_P(ImapCut, AConnectionThatIsLostLeavesNothing) {
  if (testing::is_sanitized) GTEST_SKIP() << "the sanitizer has another heap";
  constexpr int before = 5, rounds = 30;
  constexpr std::uint64_t most = 3 << 20;  // all of a connection's buffers are a sixth of that
  std::uint64_t used = 0;
  for (int i = 0; i < before + rounds; ++i) {
    if (i == before) used = heap_of(mount_->status());
    proxy_->cut_now();
    account_.append("Box", crlf(mail("m" + std::to_string(i))));
    ASSERT_TRUE(eventually([&] { return names("Box").size() == static_cast<std::size_t>(i) + 1; }, 30s)) << i;
  }
  ASSERT_GT(used, 0u) << mount_->status();
  EXPECT_LT(heap_of(mount_->status()), used + most);
}

}  // namespace
}  // namespace mapistore::mount_tests::imap_cut_test
