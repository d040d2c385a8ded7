// Copies made inside a mount: what a message has besides its bytes goes along.
#include <fcntl.h>
#include <unistd.h>

#include "tests/mount/move_fixture.h"

namespace mapistore::mount_tests::copy_test {
namespace {

using testing::read_file;
using testing::run;
using testing::set_xattr;
using testing::shell_word;
using testing::stat_of;
using testing::TempMount;
using testing::write_file;
using testing::xattr;

class Copy : public MoveBase, public ::testing::WithParamInterface<Pair> {
 protected:
  void mount(const std::string& options = {}) {
    mount_.emplace(sandbox_, profile(GetParam()), options);
    from_ = *mount_ / "From/a.eml";
    ASSERT_EQ(write_file(from_, mail("a")), 0);
    ASSERT_EQ(run("touch -d 2024-02-03T04:05:06Z " + shell_word(from_)).code, 0);
    ASSERT_EQ(set_xattr(from_, "user.mapi.flags", "read flagged"), 0);
    ASSERT_EQ(set_xattr(from_, "user.mapi.categories", "Red"), 0);
    ASSERT_EQ(set_xattr(from_, "user.mapi.0x6abf0003", "-7"), 0);
    ASSERT_EQ(set_xattr(from_, "user.mine", "kept"), 0);
  }
  void expect_copy(const std::filesystem::path& to, std::string_view how) {
    EXPECT_EQ(read_file(to), mail("a")) << how;
    EXPECT_EQ(stat_of(to).st_mtim.tv_sec, stat_of(from_).st_mtim.tv_sec) << how;
    EXPECT_NE(stat_of(to).st_ino, stat_of(from_).st_ino) << how;
    EXPECT_EQ(xattr(to, "user.mapi.flags"), "read flagged") << how;
    EXPECT_EQ(xattr(to, "user.mapi.categories"), "Red") << how;
    EXPECT_EQ(xattr(to, "user.mapi.0x6abf0003"), "-7") << how;
    EXPECT_EQ(xattr(to, "user.mine"), "kept") << how;
  }
  std::optional<TempMount> mount_;
  std::filesystem::path from_;
};
INSTANTIATE_TEST_SUITE_P(Media, Copy,
                         ::testing::Values(Pair{"file", "file"}, Pair{"file", "maildir"}, Pair{"maildir", "file"},
                                           Pair{"file", "archive"}),
                         [](const auto& pair) { return pair.param.from + "_to_" + pair.param.to; });

TEST_P(Copy, CarriesStateDateAndProperties) {
  mount();
  const std::string from = shell_word(from_);
  const std::vector<std::pair<std::string, std::string>> ways = {
      {"cp", "cp " + from + " "},
      {"cat", "cat " + from + " > "},
      {"cp -a", "cp -a " + from + " "},
      {"rsync -aX", "rsync -aX " + from + " "},
      {"cp without copy_file_range", "cp --sparse=always " + from + " "},
  };
  int number = 0;
  for (const char* top : {"From", "To"})
    for (const auto& [how, command] : ways) {
      const auto to = *mount_ / top / ("c" + std::to_string(++number) + ".eml");
      ASSERT_EQ(run(command + shell_word(to)).output, "") << how;
      expect_copy(to, std::string(top) + ", " + how);
    }
  ASSERT_TRUE(mount_->remount());
  for (int i = 1; i <= number; ++i)
    expect_copy(*mount_ / (i <= number / 2 ? "From" : "To") / ("c" + std::to_string(i) + ".eml"), "after a remount");
}

TEST_P(Copy, WhatAProgramSetsItselfWins) {
  mount();
  const auto to = *mount_ / "To/b.eml";
  ASSERT_EQ(write_file(*mount_ / "To/.new", read_file(from_).value()), 0);
  ASSERT_EQ(run("touch -d 2023-01-01T00:00:00Z " + shell_word(*mount_ / "To/.new")).code, 0);
  ASSERT_EQ(set_xattr(*mount_ / "To/.new", "user.mapi.flags", "answered"), 0);
  ASSERT_EQ(::rename((*mount_ / "To/.new").c_str(), to.c_str()), 0);
  EXPECT_EQ(xattr(to, "user.mapi.flags"), "answered");
  EXPECT_EQ(xattr(to, "user.mapi.categories"), "Red");
  EXPECT_EQ(stat_of(to).st_mtim.tv_sec, 1672531200);
}

TEST_P(Copy, OtherBytesAreNoCopy) {
  mount();
  std::string other = read_file(from_).value();
  other[other.size() - 2] = '?';
  ASSERT_EQ(write_file(*mount_ / "To/b.eml", other), 0);
  EXPECT_NE(xattr(*mount_ / "To/b.eml", "user.mapi.flags"), "read flagged");
  EXPECT_EQ(xattr(*mount_ / "To/b.eml", "user.mine"), std::nullopt);
}

TEST_P(Copy, CanBeToldNotToCarry) {
  mount("carry=off");
  const auto to = *mount_ / "To/b.eml";
  ASSERT_EQ(run("cp " + shell_word(from_) + " " + shell_word(to)).output, "");
  EXPECT_EQ(read_file(to), mail("a"));
  EXPECT_NE(xattr(to, "user.mapi.flags"), "read flagged");
  EXPECT_NE(stat_of(to).st_mtim.tv_sec, stat_of(from_).st_mtim.tv_sec);
}

TEST_F(MoveBase, CopyFileRangeCopiesAnyPiece) {
  const TempMount mount{sandbox_, profile({"file", "file"})};
  std::string bytes;
  for (int i = 0; bytes.size() < 3'000'000; ++i) bytes += std::to_string(i) + "\n";
  ASSERT_EQ(write_file(mount / "From/long.txt", bytes), 0);
  const int in = ::open((mount / "From/long.txt").c_str(), O_RDONLY);
  const int out = ::open((mount / "To/piece.txt").c_str(), O_RDWR | O_CREAT, 0600);
  ASSERT_GE(in, 0);
  ASSERT_GE(out, 0);
  ASSERT_EQ(::write(out, "head\n", 5), 5);
  off_t from = 1000, to = 5;
  for (std::size_t left = 2'500'000; left > 0;) {
    const ssize_t count = ::copy_file_range(in, &from, out, &to, left, 0);
    ASSERT_GT(count, 0) << errno;
    left -= static_cast<std::size_t>(count);
  }
  from = 2'999'990;
  to = 2'500'005;
  EXPECT_EQ(::copy_file_range(in, &from, out, &to, 100, 0), static_cast<ssize_t>(bytes.size()) - 2'999'990)
      << "the end";
  EXPECT_EQ(::close(out), 0) << mount.errors();
  ::close(in);
  EXPECT_EQ(read_file(mount / "To/piece.txt"), "head\n" + bytes.substr(1000, 2'500'000) + bytes.substr(2'999'990));
  EXPECT_EQ(read_file(mount / "From/long.txt"), bytes);
}

}  // namespace
}  // namespace mapistore::mount_tests::copy_test
