// Times, modes and owners, as POSIX has them. Deviations: docs/posix.md.
#include <sys/xattr.h>

#include <cstdlib>
#include <functional>

#include "tests/mount/posix.h"

namespace mapistore::mount_tests::posix_attributes_test {
namespace {

using testing::stat_of;
using testing::write_file;

constexpr timespec now_time{0, UTIME_NOW}, omitted{0, UTIME_OMIT};

int set_times(const Path& path, timespec access, timespec modification) {
  const timespec times[2] = {access, modification};
  return error_of(::utimensat(AT_FDCWD, path.c_str(), times, 0));
}

std::int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

/// Which of the two times that a change moves on are later than before: "m", "c", "mc" or "".
class Watch {
 public:
  explicit Watch(Path path) : path_{std::move(path)}, before_{stat_of(path_)} {}
  std::string moved() const {
    const struct stat now = stat_of(path_);
    std::string moved;
    if (nanoseconds(now.st_mtim) > nanoseconds(before_.st_mtim)) moved += 'm';
    if (nanoseconds(now.st_ctim) > nanoseconds(before_.st_ctim)) moved += 'c';
    return moved;
  }

 private:
  Path path_;
  struct stat before_;
};

class PosixAttributes : public Posix {
 protected:
  /// What `change` moves on of the file and of its directory, as in "mc/": nothing of the directory. The clock of this
  /// machine's own files ticks once in some milliseconds.
  std::string moves(const std::function<void()>& change, std::string_view file = "a.eml") {
    const Watch object{at(file)}, directory{at(".")};
    const auto began = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - began < std::chrono::milliseconds{12}) continue;
    change();
    return object.moved() + "/" + directory.moved();
  }
};
INSTANTIATE_TEST_SUITE_P(Media, PosixAttributes, ::testing::Values("file", "maildir", "memory"), medium_name);

TEST_P(PosixAttributes, ChangesMoveTimesOn) {
  put("t.eml");
  ASSERT_EQ(remove_name(at("t.eml")), 0) << "from the first removal on a Maildir shows a folder Trash";
  EXPECT_EQ(moves([&] { put("a.eml"); }, "."), "mc/mc") << "create";
  EXPECT_EQ(moves([&] { ASSERT_EQ(write_file(at("a.eml"), mail("b")), 0); }), "mc/");
  EXPECT_EQ(moves([&] { ASSERT_EQ(testing::append_file(at("a.eml"), "more"), 0); }), "mc/");
  EXPECT_EQ(moves([&] { ASSERT_EQ(shorten(at("a.eml"), 20), 0); }), "mc/");
  EXPECT_EQ(moves([&] { ASSERT_EQ(change_mode(at("a.eml"), 0640), 0); }), "c/");
  EXPECT_EQ(moves([&] { ASSERT_EQ(::chown(at("a.eml").c_str(), 1, 1), 0); }), "c/");
  EXPECT_EQ(moves([&] { ASSERT_EQ(::setxattr(at("a.eml").c_str(), "user.x", "1", 1, 0), 0); }), "c/");
  EXPECT_EQ(moves([&] { bytes("a.eml"); }), "/") << "read";
  EXPECT_EQ(moves([&] { names(); }), "/") << "list";
  EXPECT_EQ(moves([&] { try_open(at("a.eml"), O_RDWR); }), "/") << "opened for writing, nothing written";
  EXPECT_EQ(moves([&] { try_open(at("a.eml"), O_RDWR | O_CREAT | O_EXCL); }), "/");
  EXPECT_EQ(moves([&] { ASSERT_EQ(move(at("a.eml"), at("b.eml")), 0); }, "."), "mc/mc");
  EXPECT_EQ(moves([&] { ASSERT_EQ(make_directory(at("d")), 0); }), "/mc");
  EXPECT_EQ(moves([&] { ASSERT_EQ(move(at("b.eml"), at("d/a.eml")), 0); }, "d"), "mc/mc");
  EXPECT_EQ(moves([&] { ASSERT_EQ(make_directory(at("d/e")), 0); }, "d"), "mc/");
  EXPECT_EQ(moves([&] { ASSERT_EQ(move(at("d/e"), at("e")), 0); }, "d"), "mc/mc");
  EXPECT_EQ(moves([&] { ASSERT_EQ(remove_name(at("d/a.eml")), 0); }, "d"), "mc/");
  EXPECT_EQ(moves([&] { ASSERT_EQ(change_mode(at("d"), 0711), 0); }, "d"), "c/");
  EXPECT_EQ(moves([&] { ASSERT_EQ(remove_directory(at("d")), 0); }, "."), "mc/mc");
  EXPECT_EQ(moves([&] { ASSERT_EQ(write_file(at(".x"), "scratch"), 0); }, "."), "mc/mc");
  EXPECT_EQ(moves([&] { ASSERT_EQ(move(at(".x"), at(".y")), 0); }, "."), "mc/mc");
  EXPECT_EQ(moves([&] { ASSERT_EQ(remove_name(at(".y")), 0); }, "."), "mc/mc");
  put("k.eml");
  EXPECT_EQ(moves([&] { ASSERT_EQ(try_open(at("k.eml"), O_WRONLY | O_TRUNC), 0); }, "k.eml"), "mc/");
}

TEST_P(PosixAttributes, RenameMovesTheObjectsChangeTimeOn) {
  put("a.eml");
  const Watch object{at("a.eml")};
  ASSERT_EQ(move(at("a.eml"), at("b.eml")), 0);
  ASSERT_EQ(move(at("b.eml"), at("a.eml")), 0);
  EXPECT_EQ(object.moved(), "c");
}

TEST_P(PosixAttributes, TimesAreSet) {
  put("a.eml");
  ASSERT_EQ(make_directory(at("d")), 0);
  const auto time_of = [&](const char* name) { return nanoseconds(stat_of(at(name)).st_mtim); };
  const auto is_now = [&](const char* name) {
    return std::abs(std::chrono::system_clock::now().time_since_epoch().count() - time_of(name)) < 5'000'000'000;
  };
  ASSERT_EQ(set_times(at("a.eml"), {1, 1}, {2, 2}), 0);
  EXPECT_EQ(time_of("a.eml"), 2'000'000'002);
  EXPECT_EQ(nanoseconds(stat_of(at("a.eml")).st_atim), 2'000'000'002) << "deviation: always the modification time";
  EXPECT_EQ(moves([&] { ASSERT_EQ(set_times(at("a.eml"), omitted, omitted), 0); }), "/");
  EXPECT_EQ(moves([&] { ASSERT_EQ(set_times(at("a.eml"), {7, 7}, omitted), 0); }), "/") << "deviation: passed over";
  EXPECT_EQ(time_of("a.eml"), 2'000'000'002);
  ASSERT_EQ(set_times(at("a.eml"), omitted, {9, 9}), 0);
  EXPECT_EQ(time_of("a.eml"), 9'000'000'009);
  ASSERT_EQ(set_times(at("a.eml"), now_time, now_time), 0);
  EXPECT_TRUE(is_now("a.eml"));
  ASSERT_EQ(set_times(at("a.eml"), {3, 3}, {-5, 5}), 0) << "before 1970";
  EXPECT_EQ(time_of("a.eml"), -4'999'999'995);
  ASSERT_EQ(set_times(at("a.eml"), omitted, now_time), 0);
  EXPECT_TRUE(is_now("a.eml"));
  ASSERT_EQ(set_times(at("a.eml"), omitted, {std::int64_t{1} << 33, 0}), 0) << "after 2038 and 2106";
  EXPECT_EQ(stat_of(at("a.eml")).st_mtim.tv_sec, std::int64_t{1} << 33);
  for (const char* directory : {"d", "."}) {
    ASSERT_EQ(set_times(at(directory), {3, 3}, {4, 4}), 0);
    EXPECT_EQ(time_of(directory), 4'000'000'004);
  }
  EXPECT_EQ(moves([&] { ASSERT_EQ(set_times(at("d"), {3, 3}, {5, 5}), 0); }, "d"), "mc/");
  EXPECT_EQ(set_times(at("a.eml"), {0, -1}, now_time), EINVAL);
  EXPECT_EQ(set_times(at("a.eml"), omitted, {1, 1'000'000'000}), EINVAL);
  EXPECT_EQ(set_times(at("none"), {1, 1}, {1, 1}), ENOENT);
  EXPECT_EQ(set_times(at("a.eml/x"), {1, 1}, {1, 1}), ENOTDIR);
  EXPECT_EQ(set_times(at(too_long_), {1, 1}, {1, 1}), ENAMETOOLONG);
}

TEST_P(PosixAttributes, ModesAndOwnersAreKept) {
  put("a.eml");
  ASSERT_EQ(make_directory(at("d")), 0);
  for (const char* name : {"a.eml", "d"})
    for (const mode_t mode : {0000u, 0400u, 0777u, 04755u, 02755u, 01755u, 07777u, 0644u}) {
      EXPECT_EQ(change_mode(at(name), mode), 0);
      EXPECT_EQ(stat_of(at(name)).st_mode & 07777u, mode) << name;
    }
  EXPECT_EQ(change_mode(at("none"), 0600), ENOENT);
  EXPECT_EQ(change_mode(at("a.eml/x"), 0600), ENOTDIR);
  EXPECT_EQ(change_mode(at(too_long_), 0600), ENAMETOOLONG);
  EXPECT_EQ(::chown(at("a.eml").c_str(), 12, 34), 0);
  EXPECT_EQ(::chown(at("a.eml").c_str(), static_cast<uid_t>(-1), 56), 0);
  EXPECT_EQ(stat_of(at("a.eml")).st_uid, 12u);
  EXPECT_EQ(stat_of(at("a.eml")).st_gid, 56u);
  const mode_t old_mask = ::umask(027);
  put("u.eml");
  EXPECT_EQ(make_directory(at("u"), 0777), 0);
  ::umask(old_mask);
  EXPECT_EQ(stat_of(at("u.eml")).st_mode, S_IFREG | 0640u);
  EXPECT_EQ(stat_of(at("u")).st_mode, S_IFDIR | 0750u);
}

TEST_P(PosixAttributes, AccessTells) {
  put("a.eml");
  ASSERT_EQ(make_directory(at("d")), 0);
  EXPECT_EQ(error_of(::access(at("a.eml").c_str(), R_OK | W_OK)), 0);
  EXPECT_EQ(error_of(::access(at("a.eml").c_str(), X_OK)), EACCES);
  EXPECT_EQ(error_of(::access(at("d").c_str(), R_OK | W_OK | X_OK)), 0);
  EXPECT_EQ(error_of(::access(at("none").c_str(), F_OK)), ENOENT);
  ASSERT_EQ(change_mode(at("a.eml"), 0755), 0);
  EXPECT_EQ(error_of(::access(at("a.eml").c_str(), X_OK)), 0);
}

class PosixReadOnly : public ::testing::Test {
 protected:
  Sandbox sandbox_;
};

/// Every change of `top`, which holds a.eml and an empty d, is refused with EROFS and changes nothing.
void expect_read_only(const Path& top) {
  const Path file = top / "a.eml";
  EXPECT_EQ(try_open(file, O_RDWR), EROFS);
  EXPECT_EQ(try_open(file, O_RDONLY | O_TRUNC), EROFS);
  EXPECT_EQ(try_open(top / "new.eml", O_WRONLY | O_CREAT), EROFS);
  EXPECT_EQ(shorten(file, 1), EROFS);
  EXPECT_EQ(change_mode(file, 0600), EROFS);
  EXPECT_EQ(error_of(::chown(file.c_str(), 1, 1)), EROFS);
  EXPECT_EQ(set_times(file, {1, 1}, {1, 1}), EROFS);
  EXPECT_EQ(testing::set_xattr(file, "user.x", "1"), EROFS);
  EXPECT_EQ(testing::set_xattr(file, "user.mapi.read", "1"), EROFS);
  EXPECT_EQ(remove_name(file), EROFS);
  EXPECT_EQ(move(file, top / "b.eml"), EROFS);
  EXPECT_EQ(make_directory(top / "e"), EROFS);
  EXPECT_EQ(remove_directory(top / "d"), EROFS);
  EXPECT_EQ(error_of(::mknod((top / "n.eml").c_str(), S_IFREG | 0600, 0)), EROFS);
  EXPECT_EQ(error_of(::access(file.c_str(), W_OK)), EROFS);
  EXPECT_EQ(error_of(::access(file.c_str(), R_OK)), 0);
  EXPECT_EQ(testing::read_file(file), mail("a"));
  EXPECT_EQ(testing::names_in(top), (Names{"a.eml", "d"}));
  EXPECT_EQ(stat_of(file).st_mode, S_IFREG | 0400u);
  EXPECT_EQ(stat_of(top / "d").st_mode, S_IFDIR | 0500u);
}

TEST_F(PosixReadOnly, MountAndContext) {
  const std::string uri = make_medium(sandbox_, "file");
  ASSERT_EQ(write_file(sandbox_ / "medium/a.eml", mail("a")), 0);
  ASSERT_EQ(make_directory(sandbox_ / "medium/d"), 0);
  {
    const testing::TempMount mount{sandbox_, uri, "ro"};
    expect_read_only(mount.path());
  }
  write_file(sandbox_ / "ro.toml", "[folders.A]\nuri = \"" + uri + "\"\nread_only = true\n[folders.B]\nuri = \"" +
                                       make_medium(sandbox_, "file", "other") + "\"\n");
  const testing::TempMount mount{sandbox_, (sandbox_ / "ro.toml").native()};
  expect_read_only(mount / "A");
  EXPECT_EQ(move(mount / "A/a.eml", mount / "B/a.eml"), EROFS);
  EXPECT_EQ(write_file(mount / "B/b.eml", mail("b")), 0);
  EXPECT_EQ(move(mount / "B/b.eml", mount / "A/b.eml"), EROFS);
  EXPECT_EQ(testing::read_file(mount / "B/b.eml"), mail("b"));
}

}  // namespace
}  // namespace mapistore::mount_tests::posix_attributes_test
