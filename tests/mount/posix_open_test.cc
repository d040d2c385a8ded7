// The flags of open(2) and the sizes of files, as POSIX has them. Deviations: docs/posix.md.
#include <limits>

#include "tests/mount/posix.h"
#include "tests/support/memory.h"

namespace mapistore::mount_tests::posix_open_test {
namespace {

using testing::stat_of;
using testing::write_file;

/// Asks the daemon, whatever the kernel remembers.
std::uint64_t size_told_of(const std::filesystem::path& path) {
  struct statx told{};
  EXPECT_EQ(error_of(::statx(AT_FDCWD, path.c_str(), AT_STATX_FORCE_SYNC, STATX_SIZE, &told)), 0) << path;
  return told.stx_size;
}

class PosixOpen : public Posix {};
INSTANTIATE_TEST_SUITE_P(Media, PosixOpen, ::testing::Values("file", "memory"), medium_name);

TEST_P(PosixOpen, Flags) {
  put("a.eml");
  ASSERT_EQ(make_directory(at("d")), 0);
  EXPECT_EQ(try_open(at("none.eml"), O_RDONLY), ENOENT);
  EXPECT_EQ(try_open(at("none.eml"), O_RDWR), ENOENT);
  EXPECT_EQ(try_open(at("none.eml"), O_WRONLY | O_TRUNC), ENOENT);
  EXPECT_EQ(try_open(at("none/a.eml"), O_WRONLY | O_CREAT), ENOENT);
  EXPECT_EQ(try_open(at("a.eml"), O_RDWR | O_CREAT | O_EXCL), EEXIST);
  EXPECT_EQ(try_open(at("d"), O_RDONLY | O_CREAT | O_EXCL), EEXIST);
  EXPECT_EQ(try_open(at("a.eml"), O_RDONLY | O_CREAT), 0);
  EXPECT_EQ(try_open(at("a.eml"), O_RDONLY | O_NOFOLLOW), 0);
  EXPECT_EQ(try_open(at("a.eml"), O_RDONLY | O_DIRECTORY), ENOTDIR);
  EXPECT_EQ(try_open(at("a.eml/"), O_RDONLY), ENOTDIR);
  EXPECT_EQ(try_open(at("a.eml/b.eml"), O_RDONLY), ENOTDIR);
  EXPECT_EQ(try_open(at("a.eml/b.eml"), O_WRONLY | O_CREAT), ENOTDIR);
  EXPECT_EQ(try_open(at("d"), O_RDONLY | O_DIRECTORY), 0);
  EXPECT_EQ(try_open(at("d/"), O_RDONLY), 0);
  EXPECT_EQ(try_open(at("d"), O_WRONLY), EISDIR);
  EXPECT_EQ(try_open(at("d"), O_RDWR), EISDIR);
  EXPECT_EQ(try_open(at("d"), O_RDONLY | O_CREAT), EISDIR);
  EXPECT_EQ(try_open(at("new.eml/"), O_WRONLY | O_CREAT), EISDIR);
  EXPECT_EQ(try_open(at(too_long_), O_RDONLY), ENAMETOOLONG);
  EXPECT_EQ(try_open(at(too_long_), O_WRONLY | O_CREAT), ENAMETOOLONG);
  EXPECT_EQ(names(), (Names{"a.eml", "d"}));
  EXPECT_EQ(bytes("a.eml"), mail("a.eml"));
  const std::string longest = std::string(251, 'n') + ".eml";
  put(longest);
  EXPECT_EQ(bytes(longest), mail(longest));
  EXPECT_EQ(remove_name(at(longest)), 0);
}

TEST_P(PosixOpen, HandlesDoWhatTheyWereOpenedFor) {
  put("a.eml");
  const Handle reading{at("a.eml"), O_RDONLY}, writing{at("a.eml"), O_WRONLY}, directory{at("."), O_RDONLY};
  char byte = 0;
  EXPECT_EQ(reading.write("x"), EBADF);
  EXPECT_EQ(error_of(::ftruncate(reading.get(), 3)), EINVAL);
  EXPECT_EQ(error_of(::fsync(reading.get())), 0);
  EXPECT_EQ(::read(writing.get(), &byte, 1), -1);
  EXPECT_EQ(errno, EBADF);
  EXPECT_EQ(::read(directory.get(), &byte, 1), -1);
  EXPECT_EQ(errno, EISDIR);
  EXPECT_EQ(error_of(::fsync(directory.get())), 0);
  EXPECT_EQ(bytes("a.eml"), mail("a.eml"));
}

TEST_P(PosixOpen, CreatedFileIsThereForWhoNamesIt) {
  Handle file{at("a.eml"), O_RDWR | O_CREAT | O_EXCL, 0640};
  EXPECT_EQ(stat_of(at("a.eml")).st_mode, S_IFREG | 0640u);
  EXPECT_EQ(stat_of(at("a.eml")).st_ino, file.status().st_ino);
  EXPECT_EQ(try_open(at("a.eml"), O_WRONLY | O_CREAT | O_EXCL), EEXIST);
  EXPECT_EQ(make_directory(at("a.eml")), EEXIST);
  EXPECT_EQ(names(), Names{}) << "deviation: listed once it is saved";
  ASSERT_EQ(file.write(mail("a")), 0);
  EXPECT_EQ(stat_of(at("a.eml")).st_size, static_cast<off_t>(mail("a").size()));
  EXPECT_EQ(bytes("a.eml"), mail("a"));
  EXPECT_EQ(error_of(::fchmod(file.get(), 0600)), 0);
  const timespec times[2] = {{5, 0}, {5, 0}};
  EXPECT_EQ(error_of(::futimens(file.get(), times)), 0);
  ASSERT_EQ(file.close(), 0) << mount_.errors();
  EXPECT_EQ(stat_of(at("a.eml")).st_mode, S_IFREG | 0600u);
  EXPECT_EQ(stat_of(at("a.eml")).st_mtim.tv_sec, 5);
  EXPECT_EQ(names(), Names{"a.eml"});
}

TEST_P(PosixOpen, TruncationOfAMessage) {
  put("a.eml");
  const std::string whole = mail("a.eml");
  const ino_t inode = stat_of(at("a.eml")).st_ino;
  ASSERT_EQ(shorten(at("a.eml"), 9), 0) << mount_.errors();
  EXPECT_EQ(bytes("a.eml"), whole.substr(0, 9));
  ASSERT_EQ(shorten(at("a.eml"), 12), 0);
  EXPECT_EQ(bytes("a.eml"), whole.substr(0, 9) + std::string(3, '\0'));
  ASSERT_EQ(shorten(at("a.eml"), 0), 0);
  EXPECT_EQ(stat_of(at("a.eml")).st_size, 0);
  EXPECT_EQ(bytes("a.eml"), "");
  ASSERT_EQ(write_file(at("a.eml"), mail("again")), 0);
  EXPECT_EQ(bytes("a.eml"), mail("again"));
  EXPECT_EQ(stat_of(at("a.eml")).st_ino, inode);
  EXPECT_EQ(try_open(at("a.eml"), O_RDONLY | O_TRUNC), 0);
  EXPECT_EQ(stat_of(at("a.eml")).st_size, 0);
  EXPECT_EQ(names(), Names{"a.eml"});
}

TEST_P(PosixOpen, NameStaysAndIsEmptyWhileTruncated) {
  for (int round = 0; round < 60; ++round) {
    put("a.eml");
    ASSERT_EQ(try_open(at("a.eml"), O_RDONLY | O_TRUNC), 0);
    // What the last close leaves to do is being done meanwhile.
    for (int look = 0; look < 20; ++look)
      ASSERT_EQ(size_told_of(at("a.eml")), 0u) << "in round " << round << ", look " << look << mount_.errors();
    ASSERT_EQ(names(), Names{"a.eml"}) << "in round " << round;
    ASSERT_EQ(stat_of(at("a.eml")).st_size, 0) << "in round " << round;
  }
}

TEST_P(PosixOpen, TruncationRefused) {
  put("a.eml");
  EXPECT_EQ(shorten(mount_.path(), 3), EISDIR);
  EXPECT_EQ(shorten(at("none.eml"), 3), ENOENT);
  EXPECT_EQ(shorten(at("a.eml/b"), 3), ENOTDIR);
  EXPECT_EQ(shorten(at("a.eml"), -1), EINVAL);
  EXPECT_EQ(shorten(at(too_long_), 0), ENAMETOOLONG);
  const Handle file{at("a.eml"), O_RDWR};
  EXPECT_EQ(error_of(::ftruncate(file.get(), -1)), EINVAL);
  EXPECT_EQ(bytes("a.eml"), mail("a.eml"));
}

/// Files of any bytes, which a Maildir does not take.
class PosixBytes : public Posix {};
INSTANTIATE_TEST_SUITE_P(Media, PosixBytes, ::testing::Values("file", "memory"), medium_name);

TEST_P(PosixBytes, Appending) {
  ASSERT_EQ(write_file(at("a.txt"), "one"), 0);
  Handle file{at("a.txt"), O_RDWR | O_APPEND};
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_SET), 0);
  ASSERT_EQ(file.write("two"), 0);
  ASSERT_EQ(file.write_at("three", 0), 0);  // appended too, as Linux does and open(2) says
  EXPECT_EQ(file.read(), "onetwothree");
  Handle other{at("a.txt"), O_WRONLY | O_APPEND};
  ASSERT_EQ(other.write("four"), 0);
  ASSERT_EQ(file.write("five"), 0);
  EXPECT_EQ(file.close(), 0);
  EXPECT_EQ(other.close(), 0);
  EXPECT_EQ(bytes("a.txt"), "onetwothreefourfive");
}

TEST_P(PosixBytes, TruncationOfAnOpenFile) {
  ASSERT_EQ(write_file(at("a.bin"), "0123456789"), 0);
  Handle file{at("a.bin"), O_RDWR};
  ASSERT_EQ(file.write("abc"), 0);
  ASSERT_EQ(error_of(::ftruncate(file.get(), 12)), 0);
  EXPECT_EQ(file.status().st_size, 12);
  EXPECT_EQ(stat_of(at("a.bin")).st_size, 12);
  ASSERT_EQ(error_of(::ftruncate(file.get(), 2)), 0);
  ASSERT_EQ(file.write("Z"), 0) << "its offset stays where it was";
  EXPECT_EQ(file.read(), std::string("ab\0Z", 4));
  EXPECT_EQ(file.close(), 0);
  EXPECT_EQ(bytes("a.bin"), std::string("ab\0Z", 4));
}

TEST_P(PosixBytes, Allocation) {
  Handle file{at("a.bin"), O_RDWR | O_CREAT};
  ASSERT_EQ(::fallocate(file.get(), 0, 0, 1000), 0);
  EXPECT_EQ(file.status().st_size, 1000);
  ASSERT_EQ(file.write_at(std::string(1000, 'x'), 0), 0);
  ASSERT_EQ(::fallocate(file.get(), FALLOC_FL_KEEP_SIZE, 0, 5000), 0);
  EXPECT_EQ(file.status().st_size, 1000);
  ASSERT_EQ(::fallocate(file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100, 100), 0);
  ASSERT_EQ(::fallocate(file.get(), FALLOC_FL_ZERO_RANGE, 950, 100), 0);
  EXPECT_EQ(file.read(),
            std::string(100, 'x') + std::string(100, '\0') + std::string(750, 'x') + std::string(100, '\0'));
  EXPECT_EQ(::fallocate(file.get(), 0, -1, 5), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(::fallocate(file.get(), 0, 0, 0), -1);
  EXPECT_EQ(errno, EINVAL);
  for (const int mode : {FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_INSERT_RANGE}) {
    EXPECT_EQ(::fallocate(file.get(), mode, 0, 4096), -1);
    EXPECT_EQ(errno, EOPNOTSUPP) << "deviation: the kernel passes none of these on";
  }
  EXPECT_EQ(::posix_fallocate(file.get(), 0, 3000), 0);
  EXPECT_EQ(file.close(), 0);
  EXPECT_EQ(stat_of(at("a.bin")).st_size, 3000);
}

TEST_P(PosixBytes, HolesAreBytes) {
  const Handle file{at("a.bin"), O_RDWR | O_CREAT};
  ASSERT_EQ(file.write_at("end", 1 << 20), 0);
  const off_t size = (1 << 20) + 3;
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_DATA), 0) << "deviation: all is data";
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_HOLE), size);
  EXPECT_EQ(::lseek(file.get(), size, SEEK_DATA), -1);
  EXPECT_EQ(errno, ENXIO);
  EXPECT_EQ(::lseek(file.get(), -1, SEEK_SET), -1);
  EXPECT_EQ(errno, EINVAL);
}

TEST_P(PosixBytes, LocksAreSeenByOthers) {
  ASSERT_EQ(write_file(at("a.txt"), "1"), 0);
  const Handle file{at("a.txt"), O_RDWR};
  const auto others_get = [&](const char* command) {
    return testing::run(command + (" " + testing::shell_word(at("a.txt")))).code == 0;
  };
  constexpr const char* by_record =
      "python3 -c 'import fcntl,sys; fcntl.lockf(open(sys.argv[1], \"r+\"), fcntl.LOCK_EX | fcntl.LOCK_NB)'";
  ASSERT_EQ(::lockf(file.get(), F_TLOCK, 0), 0);
  EXPECT_FALSE(others_get(by_record));
  ASSERT_EQ(::lockf(file.get(), F_ULOCK, 0), 0);
  EXPECT_TRUE(others_get(by_record));
}

TEST_P(PosixBytes, AFileTooLargeIsAnErrorAndNoMore) {
  ASSERT_EQ(write_file(at("a.bin"), "kept"), 0);
  constexpr off_t most = std::numeric_limits<off_t>::max();
  EXPECT_EQ(shorten(at("a.bin"), most), EFBIG);
  // A sanitizer ends a program that asks for so much.
  if (GetParam() == std::string_view{"memory"} && !testing::is_sanitized) {
    EXPECT_EQ(shorten(at("a.bin"), off_t{1} << 43), ENOMEM);
  }
  EXPECT_EQ(bytes("a.bin"), "kept");
  EXPECT_EQ(stat_of(at("a.bin")).st_size, 4);
}

}  // namespace
}  // namespace mapistore::mount_tests::posix_open_test
