// Directories moved from one medium to another by rename(2): there at once, their messages in the background.
#include <fcntl.h>
#include <unistd.h>

#include <map>
#include <random>
#include <thread>

#include "tests/mount/move_fixture.h"

namespace mapistore::mount_tests::folder_move_test {
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
using Messages = std::map<std::string, std::string>;
using namespace std::chrono_literals;

/// Waits, as `sync DIR` does, for what is on its way to or from a directory; 0 or the errno.
int sync_directory(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY);
  if (fd < 0) return errno;
  const int error = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  return error;
}

/// From/box with `count` messages in it and in a folder of it: their paths in the box, and their bytes.
Messages fill_box(const TempMount& mount, int count) {
  std::filesystem::create_directories(mount / "From/box/inner");
  Messages messages;
  for (int i = 0; i < count; ++i) {
    const std::string name = (i % 3 == 0 ? "inner/m" : "m") + std::to_string(i) + ".eml";
    messages[name] = mail(name, std::string(static_cast<std::size_t>(i * 37 % 3000), 'x') + "\n");
    EXPECT_EQ(write_file(mount / "From/box" / name, messages[name]), 0);
  }
  return messages;
}

class FolderMove : public MoveBase, public ::testing::WithParamInterface<Pair> {
 protected:
  void SetUp() override { mount_.emplace(sandbox_, profile(GetParam())); }

  void expect_in(const std::filesystem::path& box, const Messages& messages, std::string_view when) {
    for (const auto& [name, bytes] : messages)
      ASSERT_TRUE(read_file(box / name) == bytes) << when << ": " << box / name << "\n" << state_of_store();
    EXPECT_EQ(names_in(box).size() + names_in(box / "inner").size(), messages.size() + 1) << when;
  }
  /// What explains a failure: the folders of media and index, the journal, the errors.
  std::string state_of_store() const {
    return run("cd " + shell_word(sandbox_.path()) +
               " && find from to -type d -o -name '.mapistore*';"
               " sqlite3 state/mapistorefs/*/index.sqlite 'select fmid,parent,context,kind,cast(name as text),gone "
               "from objects"
               " where kind in (0,4); select * from folder_moves; select * from beginnings; select fmid,owner from "
               "transfers;"
               " select count(*) from removals'")
               .output +
           mount_->errors();
  }
  bool is_worked_off() const {
    const std::string status = mount_->status();
    return status.find("\"moves\": []") != std::string::npos &&
           status.find("\"left_to_remove\": 0") != std::string::npos;
  }
  std::optional<TempMount> mount_;
};
INSTANTIATE_TEST_SUITE_P(Media, FolderMove,
                         ::testing::Values(Pair{"file", "file"}, Pair{"file", "maildir"}, Pair{"maildir", "file"},
                                           Pair{"maildir", "maildir"}, Pair{"file", "archive"},
                                           Pair{"archive", "maildir"}),
                         [](const auto& pair) { return pair.param.from + "_to_" + pair.param.to; });

TEST_P(FolderMove, IsThereAtOnceWithAllItHas) {
  const Messages messages = fill_box(*mount_, 60);
  const auto from = *mount_ / "From/box", to = *mount_ / "To/Moved box";
  ASSERT_EQ(run("touch -d 2024-02-03T04:05:06Z " + shell_word(from / "m1.eml")).code, 0);
  ASSERT_EQ(set_xattr(from / "m1.eml", "user.mapi.flags", "read flagged"), 0);
  ASSERT_EQ(set_xattr(from / "m1.eml", "user.mapi.0x6abf0003", "-7"), 0);
  ASSERT_EQ(set_xattr(from / "m1.eml", "user.mine", "kept"), 0);
  ASSERT_EQ(write_file(from / "inner/.scratch", "of this machine"), 0);
  ASSERT_EQ(::chmod((from / "inner").c_str(), 0750), 0);
  const struct stat box = stat_of(from), inner = stat_of(from / "inner"), one = stat_of(from / "m1.eml");
  const auto check = [&](const char* when) {
    EXPECT_EQ(names_in(*mount_ / "From"), Names{}) << when;
    EXPECT_EQ(names_in(*mount_ / "To"), Names{"Moved box"}) << when;
    EXPECT_EQ(stat_of(to).st_ino, box.st_ino) << when;
    EXPECT_EQ(stat_of(to / "inner").st_ino, inner.st_ino) << when;
    EXPECT_EQ(stat_of(to / "inner").st_mode, inner.st_mode) << when;
    const struct stat now = stat_of(to / "m1.eml");
    EXPECT_EQ(now.st_ino, one.st_ino) << when;
    EXPECT_EQ(now.st_mtim.tv_sec, one.st_mtim.tv_sec) << when;
    EXPECT_EQ(now.st_ctim.tv_nsec, one.st_ctim.tv_nsec) << when << ": a backup would read it again";
    EXPECT_EQ(xattr(to / "m1.eml", "user.mapi.flags"), "read flagged") << when;
    EXPECT_EQ(xattr(to / "m1.eml", "user.mapi.0x6abf0003"), "-7") << when;
    EXPECT_EQ(xattr(to / "m1.eml", "user.mine"), "kept") << when;
    EXPECT_EQ(read_file(to / "inner/.scratch"), "of this machine") << when;
    Messages all = messages;
    all["inner/.scratch"] = "of this machine";
    expect_in(to, all, when);
  };
  ASSERT_EQ(move(from, to), 0) << mount_->errors();
  check("at once");
  EXPECT_EQ(sync_directory(to), 0);
  EXPECT_TRUE(eventually([&] { return is_worked_off(); }, 10s)) << mount_->status() << mount_->errors();
  EXPECT_EQ(in_medium("from"), 0u);
  EXPECT_EQ(in_medium("to"), messages.size());
  EXPECT_EQ(run("find " + shell_word(sandbox_ / "from") + " -iname '*box*'").output, "") << "the folder is gone there";
  check("when it is done");
  ASSERT_TRUE(mount_->remount());
  check("after a remount");
  ASSERT_EQ(move(to, from), 0) << "and back";
  EXPECT_EQ(sync_directory(from), 0);
  EXPECT_EQ(stat_of(from / "m1.eml").st_ino, one.st_ino);
  EXPECT_EQ(xattr(from / "m1.eml", "user.mapi.flags"), "read flagged");
}

TEST_P(FolderMove, IsInUseOnItsWay) {
  Messages messages = fill_box(*mount_, 200);
  const auto from = *mount_ / "From/box", to = *mount_ / "To/box";
  const int fd = ::open((from / "m199.eml").c_str(), O_RDWR);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(move(from, to), 0) << mount_->errors();
  // The last ones, which will still be elsewhere.
  EXPECT_EQ(write_file(to / "m196.eml", mail("m196.eml", "edited\n")), 0) << mount_->errors();
  messages["m196.eml"] = mail("m196.eml", "edited\n");
  EXPECT_EQ(::unlink((to / "m194.eml").c_str()), 0);
  messages.erase("m194.eml");
  EXPECT_EQ(move(to / "m193.eml", to / "inner/new name.eml"), 0);
  messages["inner/new name.eml"] = messages["m193.eml"];
  messages.erase("m193.eml");
  EXPECT_EQ(set_xattr(to / "m197.eml", "user.mapi.flags", "flagged"), 0);
  EXPECT_EQ(::pwrite(fd, "more\n", 5, static_cast<off_t>(messages["m199.eml"].size())), 5);
  EXPECT_EQ(::close(fd), 0) << mount_->errors();
  messages["m199.eml"] += "more\n";
  EXPECT_EQ(write_file(to / "m1000.eml", mail("new")), 0);
  messages["m1000.eml"] = mail("new");
  EXPECT_EQ(::mkdir(from.c_str(), 0700), 0) << "its old name is free";
  EXPECT_EQ(::rmdir(from.c_str()), 0);
  expect_in(to, messages, "on its way");
  EXPECT_EQ(sync_directory(to), 0);
  EXPECT_TRUE(eventually([&] { return is_worked_off(); }, 10s)) << mount_->status() << mount_->errors();
  expect_in(to, messages, "there");
  EXPECT_EQ(xattr(to / "m197.eml", "user.mapi.flags"), "flagged");
  EXPECT_EQ(in_medium("to"), messages.size());
  ASSERT_TRUE(mount_->remount());
  expect_in(to, messages, "after a remount");
}

TEST_F(MoveBase, DirectoriesFollowTheRulesOfRename) {
  const TempMount mount{sandbox_, profile({"file", "maildir"})};
  const Messages messages = fill_box(mount, 3);
  const auto from = mount / "From/box", to = mount / "To/box";
  std::filesystem::create_directories(to);
  ASSERT_EQ(write_file(to / "there.eml", mail("there")), 0);
  EXPECT_EQ(move(from, to), ENOTEMPTY);
  EXPECT_EQ(::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE), -1);
  EXPECT_EQ(errno, EEXIST);
  EXPECT_EQ(::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(move(from, to / "there.eml"), ENOTDIR);
  EXPECT_EQ(move(to / "there.eml", from), EISDIR);
  EXPECT_EQ(move(mount / "From", to / "From"), EBUSY);
  for (const auto& [name, bytes] : messages) EXPECT_EQ(read_file(from / name), bytes);
  ASSERT_EQ(::unlink((to / "there.eml").c_str()), 0);
  EXPECT_EQ(move(from, to), 0) << "an empty one gives way";
  for (const auto& [name, bytes] : messages) EXPECT_EQ(read_file(to / name), bytes);
  // mv itself does it by one rename: the directory stays the same one.
  const auto number = stat_of(to).st_ino;
  EXPECT_EQ(run("mv " + shell_word(to) + " " + shell_word(mount / "From/elsewhere")).output, "");
  EXPECT_EQ(stat_of(mount / "From/elsewhere").st_ino, number);
}

TEST_F(MoveBase, WhatTheTargetRefusesGoesBackAndIsNamed) {
  const TempMount mount{sandbox_, profile({"file", "maildir"}), "move=wait"};
  const Messages messages = fill_box(mount, 5);
  ASSERT_EQ(write_file(mount / "From/box/date.ics", event("date")), 0);
  EXPECT_NE(move(mount / "From/box", mount / "To/box"), 0) << "not all of it went";
  EXPECT_NE(mount.errors().find("date.ics"), std::string::npos) << mount.errors();
  EXPECT_TRUE(eventually([&] { return names_in(mount / "From/box") == Names{"date.ics"}; }));
  EXPECT_EQ(read_file(mount / "From/box/date.ics"), event("date"));
  EXPECT_TRUE(eventually([&] { return names_in(mount / "To/box").size() == 4; }));
  for (const auto& [name, bytes] : messages) EXPECT_EQ(read_file(mount / "To/box" / name), bytes);
}

TEST_F(MoveBase, WaitingEndsWhenAllHasMoved) {
  const TempMount mount{sandbox_, profile({"file", "maildir"}), "move=wait"};
  const Messages messages = fill_box(mount, 100);
  ASSERT_EQ(move(mount / "From/box", mount / "To/box"), 0) << mount.errors();
  EXPECT_EQ(in_medium("to"), messages.size());
  EXPECT_EQ(in_medium("from"), 0u);
}

/// The daemon is killed while a directory moves; afterwards each of its messages is there exactly once.
class KilledFolderMove : public FolderMove {};
INSTANTIATE_TEST_SUITE_P(Media, KilledFolderMove, ::testing::Values(Pair{"file", "maildir"}, Pair{"maildir", "file"}),
                         [](const auto& pair) { return pair.param.from + "_to_" + pair.param.to; });

TEST_P(KilledFolderMove, AtAnyMoment) {
  const Messages messages = fill_box(*mount_, 200);
  std::minstd_rand random{11};
  for (int round = 0; round < kills(6); ++round) {
    const std::string when = "round " + std::to_string(round);
    auto from = *mount_ / "From/box", to = *mount_ / "To/box";
    if (testing::is_there(to)) std::swap(from, to);
    static_cast<void>(move(from, to));
    std::this_thread::sleep_for(std::chrono::milliseconds{std::uniform_int_distribution{0, 250}(random)});
    mount_->kill9();
    ASSERT_TRUE(mount_->remount());
    const auto now = testing::is_there(to) ? to : from;
    expect_in(now, messages, when);
    if (HasFatalFailure()) return;
    if (round % 2 != 0) continue;  // killed again before it is done
    EXPECT_TRUE(eventually([&] { return is_worked_off(); }, 20s)) << when << mount_->status() << mount_->errors();
    EXPECT_EQ(in_medium("from") + in_medium("to"), messages.size()) << when;
    ASSERT_EQ(names_in(*mount_ / "From").size() + names_in(*mount_ / "To").size(), 1u)
        << when << "\n" << state_of_store();
    expect_in(now, messages, when + ", worked off");
    if (HasFatalFailure()) return;
  }
}

TEST_P(KilledFolderMove, AtEveryStep) {
  const Messages messages = fill_box(*mount_, 2);
  // All of them take minutes.
  const int stride = kills(0) > 0 ? 1 : 11;
  int step = 1;
  for (bool killed = true; killed; step += stride) {
    ASSERT_LT(step, 1000);
    const std::string when = "step " + std::to_string(step);
    auto from = *mount_ / "From/box", to = *mount_ / "To/box";
    if (testing::is_there(to)) std::swap(from, to);
    killed = is_killed_at(*mount_, step, [&] { static_cast<void>(move(from, to)); });
    ASSERT_TRUE(mount_->remount());
    const auto now = testing::is_there(to) ? to : from;
    expect_in(now, messages, when);
    ASSERT_TRUE(eventually([&] { return is_worked_off(); }, 20s)) << when << mount_->status() << state_of_store();
    ASSERT_EQ(names_in(*mount_ / "From").size() + names_in(*mount_ / "To").size(), 1u) << when << "\n"
                                                                                       << state_of_store();
    expect_in(now, messages, when + ", worked off");
    EXPECT_EQ(in_medium("from") + in_medium("to"), messages.size()) << when;
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(step, 20) << "hardly anything was killed: is strace there?";
}

TEST_F(MoveBase, WhoWaitsIsToldOrInterruptedAndTheMoveGoesOn) {
  const std::string two = (sandbox_ / "two.toml").native(), plan = (sandbox_ / "faults").native();
  ASSERT_EQ(write_file(plan, "save *m7* fail disconnected\n"), 0);
  ASSERT_EQ(write_file(two, "[folders.From]\nuri = \"" + make_medium(sandbox_, "file", "from") +
                                "\"\n[folders.To]\nuri = \"memory://to?faults=" + plan + "\"\n"), 0);
  const TempMount mount{sandbox_, two, "move=wait"};
  const Messages messages = fill_box(mount, 10);
  EXPECT_NE(move(mount / "From/box", mount / "To/box"), 0) << "the medium is away";
  EXPECT_TRUE(eventually([&] { return testing::is_there(mount / "To/box"); }));
  EXPECT_NE(mount.status().find("\"folder\": \"To/box\""), std::string::npos) << mount.status();
  EXPECT_EQ(mount.status().find("\"to_go\": 0"), std::string::npos) << mount.status();
  for (const auto& [name, bytes] : messages) EXPECT_EQ(read_file(mount / "To/box" / name), bytes) << name;
  ASSERT_EQ(write_file(plan, ""), 0);
  EXPECT_EQ(sync_directory(mount / "To/box"), 0) << mount.errors();
  EXPECT_EQ(in_medium("from"), 0u);
  for (const auto& [name, bytes] : messages) EXPECT_EQ(read_file(mount / "To/box" / name), bytes) << name;

  // On the way back the target is slow, and somebody loses patience.
  ASSERT_EQ(write_file(plan, "read *m7* stall 3 times 1\n"), 0);
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_NE(
      run("timeout -s INT 0.3 mv " + shell_word(mount / "To/box") + " " + shell_word(mount / "From/box"), 20s).code, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2500ms);
  EXPECT_TRUE(eventually([&] { return testing::is_there(mount / "From/box"); }));
  EXPECT_EQ(sync_directory(mount / "From/box"), 0) << mount.errors();
  for (const auto& [name, bytes] : messages) EXPECT_EQ(read_file(mount / "From/box" / name), bytes) << name;
  EXPECT_EQ(in_medium("from"), messages.size());
}

}  // namespace
}  // namespace mapistore::mount_tests::folder_move_test
