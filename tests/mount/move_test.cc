// Moves from one medium to another by rename(2), and a daemon killed meanwhile.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <map>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "tests/mount/move_fixture.h"

namespace mapistore::mount_tests::move_test {
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
using Names = std::vector<std::string>;
using namespace std::chrono_literals;

class Move : public MoveBase, public ::testing::WithParamInterface<Pair> {
 protected:
  void SetUp() override { mount_.emplace(sandbox_, profile(GetParam())); }
  std::optional<TempMount> mount_;
};
INSTANTIATE_TEST_SUITE_P(Media, Move,
                         ::testing::Values(Pair{"file", "file"}, Pair{"file", "maildir"}, Pair{"maildir", "file"},
                                           Pair{"maildir", "maildir"}, Pair{"file", "archive"},
                                           Pair{"archive", "maildir"}, Pair{"archive", "archive"},
                                           Pair{"file", "sqlite"}, Pair{"sqlite", "maildir"}, Pair{"sqlite", "archive"},
                                           Pair{"sqlite", "sqlite"}, Pair{"sqlite", "file"}, Pair{"maildir", "sqlite"},
                                           Pair{"maildir", "archive"}, Pair{"archive", "file"},
                                           Pair{"archive", "sqlite"}),
                         [](const auto& pair) { return pair.param.from + "_to_" + pair.param.to; });

TEST_P(Move, KeepsAllThatAMessageHas) {
  const auto from = *mount_ / "From/a.eml", to = *mount_ / "To/b.eml";
  ASSERT_EQ(write_file(from, mail("a")), 0);
  ASSERT_EQ(run("touch -d 2024-02-03T04:05:06Z " + shell_word(from)).code, 0);
  ASSERT_EQ(set_xattr(from, "user.mapi.flags", "read flagged"), 0);
  ASSERT_EQ(set_xattr(from, "user.mapi.categories", "Red"), 0);
  ASSERT_EQ(set_xattr(from, "user.mapi.0x6abf0003", "-7"), 0);
  ASSERT_EQ(set_xattr(from, "user.mine", "kept"), 0);
  const struct stat before = stat_of(from);
  const auto check = [&](const char* when) {
    EXPECT_EQ(names_in(*mount_ / "From"), Names{}) << when;
    EXPECT_EQ(names_in(*mount_ / "To"), Names{"b.eml"}) << when;
    EXPECT_EQ(read_file(to), mail("a")) << when;
    const struct stat after = stat_of(to);
    EXPECT_EQ(after.st_ino, before.st_ino) << when;
    EXPECT_EQ(after.st_mtim.tv_sec, before.st_mtim.tv_sec) << when;
    EXPECT_EQ(after.st_size, before.st_size) << when;
    EXPECT_EQ(xattr(to, "user.mapi.flags"), "read flagged") << when;
    EXPECT_EQ(xattr(to, "user.mapi.categories"), "Red") << when;
    EXPECT_EQ(xattr(to, "user.mapi.0x6abf0003"), "-7") << when;
    EXPECT_EQ(xattr(to, "user.mapi.loss"),
              "exact\t0x6abf@LONG\tkept beside the message's bytes, which have no place for it\n")
        << when;
    EXPECT_EQ(xattr(to, "user.mine"), "kept") << when;
  };
  ASSERT_EQ(move(from, to), 0) << mount_->errors();
  check("at once");
  EXPECT_TRUE(eventually([&] { return in_medium("from") == 0; })) << mount_->errors();
  EXPECT_EQ(in_medium("to"), 1u);
  ASSERT_TRUE(mount_->remount());
  check("after a remount");
  EXPECT_EQ(move(to, from), 0);
  EXPECT_EQ(read_file(from), mail("a")) << "and back";
  EXPECT_EQ(stat_of(from).st_ino, before.st_ino);
}

TEST_P(Move, RenameFlagsAndTargetsThatAreThere) {
  const auto from = *mount_ / "From/a.eml", to = *mount_ / "To/a.eml";
  ASSERT_EQ(write_file(from, mail("a")), 0);
  ASSERT_EQ(write_file(to, mail("b")), 0);
  EXPECT_EQ(::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE), -1);
  EXPECT_EQ(errno, EEXIST);
  EXPECT_EQ(::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(read_file(from), mail("a"));
  EXPECT_EQ(read_file(to), mail("b"));
  EXPECT_EQ(move(from, to), 0) << mount_->errors();
  EXPECT_EQ(read_file(to), mail("a"));
  EXPECT_EQ(names_in(*mount_ / "To"), Names{"a.eml"});
  EXPECT_EQ(names_in(*mount_ / "From"), Names{});
  EXPECT_TRUE(eventually([&] { return in_medium("from") == 0 && in_medium("to") == 1; })) << mount_->errors();
  ASSERT_TRUE(mount_->remount());
  EXPECT_EQ(read_file(to), mail("a"));
  EXPECT_EQ(names_in(*mount_ / "To"), Names{"a.eml"});
}

TEST_P(Move, TheOldNameIsFreeAtOnce) {
  const auto from = *mount_ / "From/a.eml", to = *mount_ / "To/a.eml";
  for (int round = 0; round < 20; ++round) {
    ASSERT_EQ(write_file(from, mail("a" + std::to_string(round))), 0) << mount_->errors();
    ASSERT_EQ(move(from, to), 0) << mount_->errors();
    ASSERT_EQ(move(to, from), 0) << mount_->errors();
    ASSERT_EQ(move(from, to), 0) << mount_->errors();
  }
  EXPECT_EQ(read_file(to), mail("a19"));
  EXPECT_EQ(names_in(*mount_ / "From"), Names{});
  EXPECT_TRUE(eventually([&] { return in_medium("from") == 0 && in_medium("to") == 1; }, 10s)) << mount_->errors();
}

TEST_P(Move, AnOpenFileStaysReadableAndWritable) {
  const auto from = *mount_ / "From/a.eml", to = *mount_ / "To/a.eml";
  ASSERT_EQ(write_file(from, mail("a")), 0);
  const int fd = ::open(from.c_str(), O_RDWR);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(move(from, to), 0);
  std::string bytes(mail("a").size(), '\0');
  EXPECT_EQ(::pread(fd, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  EXPECT_EQ(bytes, mail("a"));
  EXPECT_EQ(::pwrite(fd, "more\n", 5, static_cast<off_t>(bytes.size())), 5);
  EXPECT_EQ(::close(fd), 0) << mount_->errors();
  EXPECT_EQ(read_file(to), mail("a") + "more\n");
  EXPECT_EQ(names_in(*mount_ / "From"), Names{});
}

TEST_F(MoveBase, WhatTheTargetRefusesStays) {
  const TempMount mount{sandbox_, profile({"file", "maildir"})};
  const auto from = mount / "From/a.ics", to = mount / "To/a.ics";
  ASSERT_EQ(write_file(from, event("a")), 0);
  EXPECT_NE(move(from, to), 0);
  EXPECT_EQ(read_file(from), event("a"));
  EXPECT_EQ(names_in(mount / "To"), Names{});
  EXPECT_EQ(in_medium("to"), 0u);
  EXPECT_NE(mount.errors().find("a.ics"), std::string::npos) << mount.errors();
}

/// The daemon is killed while messages move; afterwards each is there exactly once.
class KilledMove : public MoveBase, public ::testing::WithParamInterface<Pair> {
 protected:
  void SetUp() override { mount_.emplace(sandbox_, profile(GetParam())); }

  void expect_each_once(const std::map<std::string, std::string>& messages, const std::string& when) {
    std::map<std::string, int> found;
    for (const char* top : {"From", "To"})
      for (const std::string& name : names_in(*mount_ / top)) {
        ++found[name];
        const auto original = messages.find(name);
        ASSERT_NE(original, messages.end()) << when << ": " << top << "/" << name << " is nobody's";
        ASSERT_EQ(read_file(*mount_ / top / name), original->second) << when << ": " << name;
      }
    for (const auto& [name, bytes] : messages) EXPECT_EQ(found[name], 1) << when << ": " << name;
    EXPECT_TRUE(eventually([&] { return in_medium("from") + in_medium("to") == messages.size(); }, 10s))
        << when << ": " << in_medium("from") << " + " << in_medium("to") << " of " << messages.size() << "\n"
        << run("cd " + shell_word(sandbox_.path()) +
               " && for m in from to; do find $m -type f | xargs grep -H ^Subject; done | sort -k2 | uniq -f1 -D;"
               " sqlite3 state/mapistorefs/*/index.sqlite 'select * from removals; select * from transfers'")
               .output
        << mount_->errors();
  }

  std::optional<TempMount> mount_;
};
INSTANTIATE_TEST_SUITE_P(Media, KilledMove,
                         ::testing::Values(Pair{"file", "maildir"}, Pair{"maildir", "file"}, Pair{"maildir", "archive"},
                                           Pair{"sqlite", "file"}),
                         [](const auto& pair) { return pair.param.from + "_to_" + pair.param.to; });

TEST_P(KilledMove, AtAnyMomentOfManyMoves) {
  const int count = kills(0) >= 100 ? 1000 : 300;
  std::map<std::string, std::string> messages;
  for (int i = 0; i < count; ++i) {
    const std::string name = "m" + std::to_string(i) + ".eml";
    messages[name] = mail(name, std::string(static_cast<std::size_t>(i * 37 % 3000), 'x') + "\n");
    ASSERT_EQ(write_file(*mount_ / "From" / name, messages[name]), 0);
  }
  std::minstd_rand random{7};
  for (int round = 0; round < kills(8); ++round) {
    // There and back, so that every round has something to move.
    const bool there = round % 2 == 0;
    const auto from = *mount_ / (there ? "From" : "To"), to = *mount_ / (there ? "To" : "From");
    {
      const std::jthread mover{[&] {
        for (const std::string& name : names_in(from))
          if (move(from / name, to / name) != 0) return;
      }};
      std::this_thread::sleep_for(std::chrono::milliseconds{std::uniform_int_distribution{1, 400}(random)});
      mount_->kill9();
    }
    ASSERT_TRUE(mount_->remount());
    expect_each_once(messages, "round " + std::to_string(round));
    if (HasFatalFailure()) return;
  }
}

TEST_P(KilledMove, AtEveryStepOfOne) {
  const std::map<std::string, std::string> messages{{"a.eml", mail("a", std::string(100'000, 'x') + "\n")}};
  ASSERT_EQ(write_file(*mount_ / "From/a.eml", messages.at("a.eml")), 0);
  bool there = true;
  int step = 1;
  // Killed at the first call that changes a disk, at the second, ..., until a move gets through all of them.
  for (bool killed = true; killed; ++step) {
    ASSERT_LT(step, 200);
    const auto from = *mount_ / (there ? "From/a.eml" : "To/a.eml"), to = *mount_ / (there ? "To/a.eml" : "From/a.eml");
    killed = is_killed_at(*mount_, step, [&] { static_cast<void>(move(from, to)); });
    ASSERT_TRUE(mount_->remount());
    expect_each_once(messages, "step " + std::to_string(step));
    if (HasFatalFailure()) return;
    there = names_in(*mount_ / "From").size() == 1;
  }
  EXPECT_GT(step, 5) << "nothing was killed: is strace there?";
}

}  // namespace
}  // namespace mapistore::mount_tests::move_test
