// Rows of projection.md, section 5, about attributes: extended ones, times, modes and owners, links, room.
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/mount/corpus.h"

namespace mapistore::mount_tests::attributes_test {
namespace {

using testing::remove_xattr;
using testing::run;
using testing::set_xattr;
using testing::shell_word;
using testing::stat_of;
using testing::TempMount;
using testing::write_file;
using testing::xattr;

class Attributes : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { ASSERT_EQ(write_file(file_, mail("a")), 0); }
  Sandbox sandbox_;
  TempMount mount_{sandbox_, make_medium(sandbox_, GetParam())};
  std::filesystem::path file_ = mount_ / "a.eml";
};
INSTANTIATE_TEST_SUITE_P(Media, Attributes, ::testing::Values("file", "maildir"),
                         [](const auto& medium) { return std::string(medium.param); });

TEST_P(Attributes, StateIsWritable) {
  const struct {
    const char *name, *value;
  } changes[] = {{"user.mapi.read", "1"},
                 {"user.mapi.flags", "read flagged answered"},
                 {"user.mapi.categories", "Red\nW\xc3\xa4sche"},
                 {"user.mapi.importance", "high"},
                 {"user.comment", "any \xff bytes"}};
  const auto before = stat_of(file_);
  for (const auto& [name, value] : changes) {
    EXPECT_EQ(set_xattr(file_, name, value), 0) << name;
    EXPECT_EQ(xattr(file_, name), value);
  }
  EXPECT_EQ(xattr(file_, "user.mapi.flags"), "read flagged answered");
  EXPECT_EQ(testing::read_file(file_), mail("a"));
  EXPECT_EQ(stat_of(file_).st_mtim.tv_nsec, before.st_mtim.tv_nsec);
  EXPECT_EQ(stat_of(file_).st_ino, before.st_ino);
  ASSERT_TRUE(mount_.remount());
  for (const auto& [name, value] : changes) EXPECT_EQ(xattr(file_, name), value) << "after a remount";
  EXPECT_EQ(stat_of(file_).st_ino, before.st_ino);
  const auto list = run("getfattr --absolute-names " + shell_word(file_) + " | grep -c user.").output;
  EXPECT_LT(std::stoi(list), 20);

  EXPECT_EQ(set_xattr(file_, "user.mapi.read", "0"), 0);
  EXPECT_EQ(xattr(file_, "user.mapi.flags"), "flagged answered");
  EXPECT_EQ(remove_xattr(file_, "user.comment"), 0);
  EXPECT_EQ(remove_xattr(file_, "user.comment"), ENODATA);
  EXPECT_EQ(xattr(file_, "user.comment"), std::nullopt);
}

TEST_P(Attributes, RefusesWhatIsNotOurs) {
  EXPECT_EQ(set_xattr(file_, "user.mapi.read", "maybe"), EINVAL);
  EXPECT_EQ(set_xattr(file_, "user.mapi.flags", "purple"), EINVAL);
  EXPECT_EQ(set_xattr(file_, "user.mapi.fmid", "7"), EPERM);
  EXPECT_EQ(set_xattr(file_, "user.mapi.class", "IPM.Task"), EPERM);
  EXPECT_EQ(set_xattr(file_, "security.selinux", "x"), EOPNOTSUPP);
  EXPECT_EQ(set_xattr(file_, "trusted.x", "x"), EOPNOTSUPP);
  EXPECT_EQ(xattr(file_, "security.capability"), std::nullopt);
  EXPECT_EQ(xattr(file_, "user.mapi.fmid"), std::to_string(stat_of(file_).st_ino));
  EXPECT_EQ(xattr(file_, "user.mapi.class"), "IPM.Note");
}

TEST_P(Attributes, TimesModesOwnersStay) {
  const timespec times[2] = {{1'000'000'000, 0}, {1'000'000'001, 123'456'789}};
  ASSERT_EQ(::utimensat(AT_FDCWD, file_.c_str(), times, 0), 0);
  ASSERT_EQ(::chmod(file_.c_str(), 0640), 0);
  ASSERT_EQ(::chown(file_.c_str(), 1234, 4321), 0);
  ASSERT_EQ(::mkdir((mount_ / "d").c_str(), 0750), 0);
  ASSERT_EQ(::chmod((mount_ / "d").c_str(), 0705), 0);
  ASSERT_EQ(::utimensat(AT_FDCWD, (mount_ / "d").c_str(), times, 0), 0);
  const auto check = [&](const char* when) {
    const auto file = stat_of(file_), folder = stat_of(mount_ / "d");
    EXPECT_EQ(file.st_mode, S_IFREG | 0640u) << when;
    EXPECT_EQ(file.st_uid, 1234u) << when;
    EXPECT_EQ(file.st_gid, 4321u) << when;
    EXPECT_EQ(file.st_mtim.tv_sec, 1'000'000'001) << when;
    EXPECT_EQ(file.st_mtim.tv_nsec, 123'456'789) << when;
    EXPECT_EQ(folder.st_mode, S_IFDIR | 0705u) << when;
    EXPECT_EQ(folder.st_mtim.tv_nsec, 123'456'789) << when;
  };
  check("at once");
  ASSERT_TRUE(mount_.remount());
  check("after a remount");
}

TEST_P(Attributes, TreesAreExactAndQuiet) {
  const auto in = sandbox_.make_directory("in/sub");
  for (const char* name : {"a", "b", "sub/c"}) {
    const auto path = sandbox_ / "in" / (std::string(name) + ".eml");
    ASSERT_EQ(write_file(path, mail(name)), 0);
    ASSERT_EQ(set_xattr(path, "user.note", name), 0) << "the temporary directory takes no extended attributes";
  }
  const auto script = run("cd " + shell_word(sandbox_.path()) +
                          R"( && chmod 640 in/a.eml && chmod 400 in/b.eml && chown 12:34 in/a.eml &&
    touch -d '2001-02-03 04:05:06.789' in/a.eml in/sub/c.eml in/sub in && chmod 750 in/sub
    cp -a in mnt/copied && rsync -aX in/ mnt/synced/ && tar c --xattrs -C in . | (mkdir mnt/tar && tar x --xattrs -C mnt/tar)
    for way in copied synced tar; do
      rsync -aiX in/ mnt/$way/; rsync -aiX mnt/$way/ in/; done
    fusermount3 -u mnt; )");
  EXPECT_EQ(script.output, "");
  ASSERT_TRUE(testing::eventually([&] { return !testing::is_running(mount_.pid()); }));
  ASSERT_EQ(mount_.start().code, 0);
  ASSERT_TRUE(mount_.wait_ready());
  EXPECT_EQ(
      run("cd " + shell_word(sandbox_.path()) + "; for way in copied synced tar; do rsync -aiX in/ mnt/$way/; done")
          .output,
      "");
  static_cast<void>(in);
}

TEST_P(Attributes, NoLinksAndDevices) {
  EXPECT_EQ(::link(file_.c_str(), (mount_ / "b.eml").c_str()), -1);
  EXPECT_TRUE(errno == EPERM || errno == EOPNOTSUPP) << errno;
  EXPECT_EQ(::symlink("a.eml", (mount_ / "c").c_str()), -1);
  EXPECT_TRUE(errno == EPERM || errno == EOPNOTSUPP) << errno;
  EXPECT_EQ(::mkfifo((mount_ / "d").c_str(), 0600), -1);
  EXPECT_TRUE(errno == EPERM || errno == EOPNOTSUPP) << errno;
  EXPECT_EQ(testing::names_in(mount_.path()), std::vector<std::string>{"a.eml"});
}

TEST_P(Attributes, RoomIsTheMedium) {
  struct statvfs here {}, there {};
  ASSERT_EQ(::statvfs(mount_.path().c_str(), &here), 0);
  ASSERT_EQ(::statvfs((sandbox_ / "medium").c_str(), &there), 0);
  EXPECT_EQ(here.f_blocks * here.f_frsize, there.f_blocks * there.f_frsize);
  EXPECT_EQ(here.f_namemax, 255u);
  EXPECT_GT(here.f_bavail, 0u);
}

}  // namespace
}  // namespace mapistore::mount_tests::attributes_test
