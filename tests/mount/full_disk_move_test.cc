// Moves between media when a disk is full: the target's, or the one that index and staging are on.
#include <sys/mount.h>
#include <sys/statvfs.h>

#include <map>
#include <random>

#include "tests/mount/move_fixture.h"

namespace mapistore::mount_tests::full_disk_move_test {
namespace {

using testing::eventually;
using testing::names_in;
using testing::read_file;
using testing::TempMount;
using testing::write_file;
using namespace std::chrono_literals;

class FullDiskMove : public MoveBase {
 protected:
  static void limit(const std::filesystem::path& directory, const std::string& options) {
    ASSERT_EQ(::mount("tmpfs", directory.c_str(), "tmpfs", 0, options.c_str()), 0);
  }
  /// `box` with `count` messages of `size` bytes.
  void fill(const std::filesystem::path& box, int count, std::size_t size) {
    std::filesystem::create_directory(box);
    for (int i = 0; i < count; ++i) {
      const std::string name = "m" + std::to_string(i) + ".eml";
      messages_[name] = mail(name, std::string(size, static_cast<char>('a' + i % 26)));
      ASSERT_EQ(write_file(box / name, messages_[name]), 0);
    }
  }
  /// Each message is in From/box or To/box, and only there; how many in the second.
  std::size_t expect_each_once(const TempMount& mount, std::string_view when) {
    std::size_t there = 0;
    for (const auto& [name, bytes] : messages_) {
      const auto from = read_file(mount / "From/box" / name), to = read_file(mount / "To/box" / name);
      EXPECT_NE(from.has_value(), to.has_value()) << when << ": " << name;
      EXPECT_TRUE((from ? from : to) == bytes) << when << ": " << name;
      there += to ? 1 : 0;
    }
    return there;
  }
  /// Text that no compression makes much smaller.
  static std::string random_text(std::size_t size) {
    std::mt19937 random{1};
    std::string text(size, '\n');
    for (char& c : text) c = static_cast<char>(' ' + random() % 95);
    return text;
  }
  static bool is_worked_off(const TempMount& mount) {
    return mount.status().find("\"moves\": []") != std::string::npos &&
           mount.status().find("\"left_to_remove\": 0") != std::string::npos;
  }
  std::map<std::string, std::string> messages_;
};

TEST_F(FullDiskMove, WhatAnArchiveHasNoRoomForStays) {
  const std::string two = profile({"file", "archive"});
  limit(sandbox_ / "to", "size=6m,mode=755");
  TempMount mount{sandbox_, two};
  const std::string small = mail("small"), large = mail("large", random_text(12'000'000));
  ASSERT_EQ(write_file(mount / "From/small.eml", small), 0);
  ASSERT_EQ(write_file(mount / "From/large.eml", large), 0);
  EXPECT_EQ(move(mount / "From/large.eml", mount / "To/large.eml"), ENOSPC);
  EXPECT_EQ(read_file(mount / "From/large.eml"), large);
  EXPECT_EQ(names_in(mount / "To"), std::vector<std::string>{});
  EXPECT_EQ(move(mount / "From/small.eml", mount / "To/small.eml"), 0) << mount.errors();
  EXPECT_EQ(read_file(mount / "To/small.eml"), small);
  EXPECT_EQ(in_medium("to"), 1u);
}

TEST_F(FullDiskMove, WhatTheTargetHasNoRoomForStays) {
  const std::string two = profile({"file", "file"});
  limit(sandbox_ / "to", "size=1m,mode=755");
  TempMount mount{sandbox_, two};
  fill(mount / "From/box", 40, 60'000);
  const std::string large = mail("large", std::string(2'000'000, 'x'));
  ASSERT_EQ(write_file(mount / "From/large.eml", large), 0);
  EXPECT_EQ(move(mount / "From/large.eml", mount / "To/large.eml"), ENOSPC);
  EXPECT_EQ(read_file(mount / "From/large.eml"), large);
  ASSERT_EQ(move(mount / "From/box", mount / "To/box"), 0) << mount.errors();
  ASSERT_TRUE(eventually([&] { return is_worked_off(mount); }, 20s)) << mount.status() << mount.errors();
  const std::size_t there = expect_each_once(mount, "full");
  EXPECT_GT(there, 5u);
  EXPECT_LT(there, 20u);
  EXPECT_NE(mount.errors().find("no_space"), std::string::npos) << mount.errors();

  ASSERT_EQ(::mount("tmpfs", (sandbox_ / "to").c_str(), "tmpfs", MS_REMOUNT, "size=20m"), 0);
  for (const std::string& name : names_in(mount / "From/box"))
    EXPECT_EQ(move(mount / "From/box" / name, mount / "To/box" / name), 0) << name << mount.errors();
  EXPECT_EQ(expect_each_once(mount, "with room"), messages_.size());
}

/// Its state lies in a file of its own, which needs room too.
TEST_F(FullDiskMove, AMessageThatMovesWithinAMediumKeepsItsState) {
  for (const std::string kind : {"file", "maildir"}) {
    const auto disk = sandbox_.make_directory(kind);
    limit(disk, "size=4m,nr_inodes=60,mode=755");
    TempMount mount{sandbox_, make_medium(sandbox_, kind, kind + "/medium"), {}, kind + "-mount"};
    ASSERT_EQ(::mkdir((mount / "a").c_str(), 0700), 0);
    ASSERT_EQ(::mkdir((mount / "b").c_str(), 0700), 0);
    ASSERT_EQ(write_file(mount / "a/m.eml", mail("m")), 0);
    // No flag of Maildir's file names.
    ASSERT_EQ(testing::set_xattr(mount / "a/m.eml", "user.mapi.importance", "high"), 0);
    const auto filler = disk / "filler";
    std::filesystem::create_directory(filler);
    for (int i = 0; i < 60 && write_file(filler / std::to_string(i), "") == 0; ++i) {
    }
    EXPECT_EQ(move(mount / "a/m.eml", mount / "b/m.eml"), ENOSPC) << kind;
    EXPECT_EQ(names_in(mount / "b"), std::vector<std::string>{}) << kind;
    EXPECT_EQ(testing::xattr(mount / "a/m.eml", "user.mapi.importance"), "high") << kind;
    std::filesystem::remove_all(filler);
    EXPECT_EQ(move(mount / "a/m.eml", mount / "b/m.eml"), 0) << kind << mount.errors();
    ASSERT_TRUE(mount.remount());
    EXPECT_EQ(testing::xattr(mount / "b/m.eml", "user.mapi.importance"), "high") << kind;
    EXPECT_EQ(read_file(mount / "b/m.eml"), mail("m")) << kind;
    EXPECT_EQ(names_in(mount / "a"), std::vector<std::string>{}) << kind;
  }
}

TEST_F(FullDiskMove, AFullDiskUnderTheIndexLosesNothing) {
  const std::string two = profile({"file", "file"});
  limit(sandbox_.make_directory("state"), "size=8m,mode=700");
  // Made in the medium, so that the index has not grown by writing them.
  fill(sandbox_ / "from/box", 150, 500);
  std::filesystem::create_directory(sandbox_ / "to/box");
  TempMount mount{sandbox_, two};
  {
    struct statvfs free {};
    ASSERT_EQ(::statvfs((sandbox_ / "state").c_str(), &free), 0);
    ASSERT_EQ(write_file(sandbox_ / "state/filler", std::string(free.f_bavail * free.f_bsize, 'x')), 0);
  }
  int refused = 0;
  for (const auto& [name, bytes] : messages_) {
    const int error = move(mount / "From/box" / name, mount / "To/box" / name);
    EXPECT_TRUE(error == 0 || error == ENOSPC || error == EIO) << name << ": " << error;
    refused += error != 0 ? 1 : 0;
  }
  EXPECT_GT(refused, 0) << "the disk was not full";
  expect_each_once(mount, "full");
  // A directory's move needs room as well: it is done, or nothing has changed.
  const int whole = move(mount / "From/box", mount / "From/other");
  EXPECT_TRUE(whole == 0 || whole == ENOSPC || whole == EIO) << whole;
  if (whole == 0) {
    ASSERT_EQ(move(mount / "From/other", mount / "From/box"), 0);
  }

  ASSERT_TRUE(std::filesystem::remove(sandbox_ / "state/filler"));
  expect_each_once(mount, "with room");
  ASSERT_TRUE(mount.remount());
  expect_each_once(mount, "after a remount");
  for (const std::string& name : names_in(mount / "From/box"))
    EXPECT_EQ(move(mount / "From/box" / name, mount / "To/box" / name), 0) << name << mount.errors();
  EXPECT_EQ(expect_each_once(mount, "all moved"), messages_.size());
  EXPECT_TRUE(eventually([&] { return in_medium("from") == 0; }, 10s)) << mount.status() << mount.errors();
  EXPECT_EQ(in_medium("to"), messages_.size());
}

}  // namespace
}  // namespace mapistore::mount_tests::full_disk_move_test
