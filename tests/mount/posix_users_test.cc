// Who else may do what: permission bits, and whose files are whose. Deviations: docs/posix.md.
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <functional>

#include "tests/mount/posix.h"

namespace mapistore::mount_tests::posix_users_test {
namespace {

using testing::stat_of;
using testing::write_file;

class PosixUsers : public ::testing::Test {
 protected:
  /// What `work` answers when another user, who is not root, does it.
  static int as_nobody(const std::function<int()>& work) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(::setgid(65534) == 0 && ::setuid(65534) == 0 ? work() : 255);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
  }
  Sandbox sandbox_;
};

TEST_F(PosixUsers, OthersMayWhatTheBitsSay) {
  const testing::TempMount mount{sandbox_, make_medium(sandbox_, "file"), "allow_other,umask=022"};
  const Path file = mount / "a.eml";
  ASSERT_EQ(write_file(file, mail("a")), 0);
  ASSERT_EQ(write_file(mount / "secret.eml", mail("secret")), 0);
  ASSERT_EQ(change_mode(mount / "secret.eml", 0600), 0);
  ASSERT_EQ(make_directory(mount / "open"), 0);
  ASSERT_EQ(change_mode(mount / "open", 0777), 0);
  EXPECT_EQ(as_nobody([&] { return try_open(file, O_RDONLY); }), 0);
  EXPECT_EQ(as_nobody([&] { return try_open(file, O_RDWR); }), EACCES);
  EXPECT_EQ(as_nobody([&] { return try_open(mount / "secret.eml", O_RDONLY); }), EACCES);
  EXPECT_EQ(as_nobody([&] { return try_open(mount / "b.eml", O_RDWR | O_CREAT); }), EACCES);
  EXPECT_EQ(as_nobody([&] { return remove_name(file); }), EACCES);
  EXPECT_EQ(as_nobody([&] { return move(file, mount / "open/a.eml"); }), EACCES);
  EXPECT_EQ(as_nobody([&] { return make_directory(mount / "d"); }), EACCES);
  EXPECT_EQ(as_nobody([&] { return change_mode(file, 0777); }), EPERM);
  EXPECT_EQ(as_nobody([&] { return error_of(::chown(file.c_str(), 65534, 65534)); }), EPERM);
  EXPECT_EQ(as_nobody([&] { return error_of(::utimensat(AT_FDCWD, file.c_str(), nullptr, 0)); }), EACCES);
  EXPECT_EQ(as_nobody([&] { return write_file(mount / "open/mine.eml", mail("mine")); }), 0);
  EXPECT_EQ(stat_of(mount / "open/mine.eml").st_uid, 65534u);
  EXPECT_EQ(as_nobody([&] { return error_of(::chown((mount / "open/mine.eml").c_str(), 1, 1)); }), EPERM);
  EXPECT_EQ(as_nobody([&] { return change_mode(mount / "open/mine.eml", 0640); }), 0);
  ASSERT_EQ(change_mode(mount / "open", 01777), 0);
  EXPECT_EQ(move(file, mount / "open/a.eml"), 0);
  EXPECT_EQ(as_nobody([&] { return remove_name(mount / "open/a.eml"); }), EPERM) << "a sticky directory";
  EXPECT_EQ(as_nobody([&] { return remove_name(mount / "open/mine.eml"); }), 0);
}

TEST_F(PosixUsers, NobodyElseGetsInOtherwise) {
  const testing::TempMount mount{sandbox_, make_medium(sandbox_, "file")};
  ASSERT_EQ(write_file(mount / "a.eml", mail("a")), 0);
  EXPECT_EQ(as_nobody([&] { return try_open(mount / "a.eml", O_RDONLY); }), EACCES);
}

TEST_F(PosixUsers, BitsDoNotStopTheOwnerAlone) {
  const auto without_capabilities = [&](const Path& file) {
    const pid_t child = ::fork();
    if (child == 0) {
      __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
      const __user_cap_data_struct none[2]{};
      ::_exit(::syscall(SYS_capset, &header, none) == 0 ? write_file(file, mail("b")) : 255);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  };
  const testing::TempMount mount{sandbox_, make_medium(sandbox_, "file")};
  for (const Path& file : {mount / "a.eml", sandbox_ / "a.eml"}) {
    ASSERT_EQ(write_file(file, mail("a")), 0);
    ASSERT_EQ(change_mode(file, 0400), 0);
  }
  EXPECT_EQ(without_capabilities(sandbox_ / "a.eml"), EACCES);
  EXPECT_EQ(without_capabilities(mount / "a.eml"), 0) << "deviation";
  EXPECT_EQ(stat_of(mount / "a.eml").st_mode, S_IFREG | 0400u);
}

}  // namespace
}  // namespace mapistore::mount_tests::posix_users_test
