// mount(8), umount(8) and fstab(5), the real ones. In a mount namespace of their own, where our helpers stand in /sbin
// and /etc/fstab is ours.
#include <unistd.h>

#include "tests/mount/mountd_fixture.h"

namespace mapistore::mount_tests::fstab_test {
namespace {

using testing::Outcome;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::write_file;

class Fstab : public MountdTest {
 protected:
  Fstab() {
    static_cast<void>(mount_table("a"));
    static_cast<void>(mount_table("u", {}, user_nobody));
    const auto helpers = sandbox_.make_directory("helpers");
    for (const char* name : {"mount.mapistorefs", "mount.fuse.mapistorefs"})
      std::filesystem::create_symlink(MAPISTORE_BUILD_DIR "/fuse/mapistorefs", helpers / name);
    std::filesystem::copy_file(MAPISTORE_SOURCE_DIR "/packaging/umount.fuse.mapistorefs",
                               helpers / "umount.fuse.mapistorefs");
    for (const char* name : {"state", "cache", "home"})
      EXPECT_EQ(::chown((sandbox_ / name).c_str(), user_nobody, user_nobody), 0);
  }
  /// A line of fstab for mount(8).
  std::string line(const std::string& name, const std::string& options, const std::string& type = "mapistorefs") const {
    return "file://" + medium(name).native() + " " + mnt(name).native() + " " + type +
           " noauto,backend_dir=" + MAPISTORE_BUILD_DIR "/backends" + (options.empty() ? "" : ",") + options + " 0 0\n";
  }
  /// Runs `script` by /bin/sh, with `fstab` for /etc/fstab. as_nobody COMMAND... is there for it.
  Outcome with_fstab(const std::string& fstab, const std::string& script) const {
    write_file(sandbox_ / "fstab", fstab);
    write_file(sandbox_ / "script",
               "set -e\n"
               "mount -t overlay -o lowerdir=" +
                   (sandbox_ / "helpers").native() +
                   ":/usr/sbin overlay /usr/sbin\n"
                   "mount --bind " +
                   (sandbox_ / "fstab").native() +
                   " /etc/fstab\n"
                   "as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\"; }\n" +
                   script);
    return run("env " + sandbox_.environment() + " unshare --mount --propagation private sh " +
               shell_word(sandbox_ / "script"));
  }
};

TEST_F(Fstab, MountsAndUnmountsByTheNameOfTheDirectory) {
  for (const char* type : {"mapistorefs", "fuse.mapistorefs"}) {
    const std::string there = shell_word(mnt("a"));
    const Outcome outcome =
        with_fstab(line("a", "nofail,_netdev,noatime,x-systemd.automount,x-systemd.idle-timeout=60", type),
                   "mount " + there + "\nls " + there + "\nfindmnt -n -o FSTYPE " + there + "\numount " + there +
                       "\nls " + there + "\n");
    EXPECT_EQ(outcome.code, 0) << outcome.output;
    EXPECT_EQ(outcome.output, "hello.eml\nfuse.mapistorefs\n") << type;
  }
}

TEST_F(Fstab, ReadOnlyIsReadOnly) {
  const Outcome outcome =
      with_fstab(line("a", "ro"), "mount " + shell_word(mnt("a")) + "\n! echo x > " + shell_word(mnt("a") / "x.eml") +
                                      "\numount " + shell_word(mnt("a")));
  EXPECT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_TRUE(outcome.output.contains("Read-only file system")) << outcome.output;
}

TEST_F(Fstab, UsersMayWhereItSaysSo) {
  const std::string there = shell_word(mnt("u"));
  const Outcome allowed =
      with_fstab(line("u", "users"), "as_nobody mount " + there + "\nas_nobody ls " + there +
                                         "\nfindmnt -n -o FS-OPTIONS " + there + "\nas_nobody umount " + there + "\n");
  EXPECT_EQ(allowed.code, 0) << allowed.output;
  EXPECT_TRUE(allowed.output.starts_with("hello.eml\n")) << allowed.output;
  EXPECT_TRUE(allowed.output.contains("user_id=65534")) << allowed.output;
  // Not over a directory of somebody else's.
  const Outcome refused = with_fstab(line("a", "users"), "as_nobody mount " + shell_word(mnt("a")));
  EXPECT_NE(refused.code, 0) << refused.output;
}

TEST_F(Fstab, AllowOtherIsTheAdministratorsToGrant) {
  const std::string there = shell_word(mnt("u"));
  const Outcome refused = with_fstab(line("u", "users,allow_other"), "as_nobody mount " + there);
  EXPECT_NE(refused.code, 0);
  EXPECT_TRUE(refused.output.contains("user_allow_other")) << refused.output;
  write_file(sandbox_ / "fuse.conf", "user_allow_other\n");
  const Outcome granted =
      with_fstab(line("u", "users,allow_other,umask=022"),
                 "mount --bind " + (sandbox_ / "fuse.conf").native() + " /etc/fuse.conf\nas_nobody mount " + there +
                     "\nsetpriv --reuid=1 --regid=1 --clear-groups ls " + there + "\nas_nobody umount " + there);
  EXPECT_EQ(granted.code, 0) << granted.output;
  EXPECT_TRUE(granted.output.starts_with("hello.eml\n")) << granted.output;
}

TEST_F(Fstab, WhatCannotBeMountedIsSaid) {
  std::filesystem::remove_all(medium("a"));
  const Outcome outcome = with_fstab(line("a", ""), "mount " + shell_word(mnt("a")));
  EXPECT_NE(outcome.code, 0);
  EXPECT_TRUE(outcome.output.contains("mapistorefs: ")) << outcome.output;
}

TEST_F(Fstab, SystemdMakesAnAutomountOfIt) {
  constexpr const char* generator = "/lib/systemd/system-generators/systemd-fstab-generator";
  ASSERT_TRUE(testing::is_there(generator)) << "install systemd";
  write_file(sandbox_ / "fstab", line("a", "x-systemd.automount,_netdev"));
  const auto units = sandbox_.make_directory("units");
  const Outcome outcome = run("SYSTEMD_FSTAB=" + shell_word(sandbox_ / "fstab") + " " + generator + " " +
                              shell_word(units) + " " + shell_word(units) + " " + shell_word(units) + "; cat " +
                              shell_word(units) + "/*.mount; ls " + shell_word(units));
  EXPECT_TRUE(outcome.output.contains("Type=mapistorefs")) << outcome.output;
  EXPECT_TRUE(outcome.output.contains("mnt-a.automount")) << outcome.output;
}

}  // namespace
}  // namespace mapistore::mount_tests::fstab_test
