// Rows of projection.md, section 5, about names and folders: removing, the trash, renaming, moving.
#include <fcntl.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "tests/mount/corpus.h"

namespace mapistore::mount_tests::names_test {
namespace {

using testing::is_there;
using testing::names_in;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::stat_of;
using testing::TempMount;
using testing::write_file;
using Names = std::vector<std::string>;

/// 0 or the errno.
int move(const std::filesystem::path& from, const std::filesystem::path& to, unsigned flags = 0) {
  return ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) == 0 ? 0 : errno;
}
int remove_name(const std::filesystem::path& path) { return ::unlink(path.c_str()) == 0 ? 0 : errno; }
int remove_directory(const std::filesystem::path& path) { return ::rmdir(path.c_str()) == 0 ? 0 : errno; }
int make_directory(const std::filesystem::path& path) { return ::mkdir(path.c_str(), 0755) == 0 ? 0 : errno; }

class NamesTest : public ::testing::TestWithParam<const char*> {
 protected:
  void put(const std::string& name) { ASSERT_EQ(write_file(mount_ / (name + ".eml"), mail(name)), 0) << name; }
  Sandbox sandbox_;
  TempMount mount_{sandbox_, make_medium(sandbox_, GetParam())};
};
class Trash : public NamesTest {};
class Rename : public NamesTest {};
class Directories : public NamesTest {};
const auto media = ::testing::Values("file", "maildir");
const auto label = [](const auto& medium) { return std::string(medium.param); };
INSTANTIATE_TEST_SUITE_P(Media, Trash, media, label);
INSTANTIATE_TEST_SUITE_P(Media, Rename, media, label);
INSTANTIATE_TEST_SUITE_P(Media, Directories, media, label);

TEST_P(Trash, RestoresAndPurges) {
  put("a");
  put("b");
  const ino_t inode = stat_of(mount_ / "a.eml").st_ino;
  ASSERT_EQ(remove_name(mount_ / "a.eml"), 0);
  ASSERT_EQ(remove_name(mount_ / "b.eml"), 0);
  EXPECT_EQ(remove_name(mount_ / "b.eml"), ENOENT);
  EXPECT_EQ(names_in(mount_.path() / ".mapistorefs"),
            (Names{"control", "errors", "search", "status", "trash", "unsaved"}));
  EXPECT_EQ(names_in(mount_.path() / ".mapistorefs/trash"), Names{"root"});
  const auto trash = mount_ / ".mapistorefs/trash/root";
  EXPECT_EQ(names_in(trash), (Names{"a.eml", "b.eml"}));
  EXPECT_EQ(read_file(trash / "a.eml"), mail("a"));
  ASSERT_TRUE(mount_.remount());
  EXPECT_EQ(names_in(trash), (Names{"a.eml", "b.eml"}));

  EXPECT_EQ(run("mv " + shell_word(trash / "a.eml") + " " + shell_word(mount_.path())).output, "");
  EXPECT_EQ(read_file(mount_ / "a.eml"), mail("a"));
  EXPECT_EQ(stat_of(mount_ / "a.eml").st_ino, inode);
  EXPECT_EQ(remove_name(trash / "b.eml"), 0) << "removing from the trash is for good";
  EXPECT_EQ(names_in(trash), Names{});
  EXPECT_NE(run("grep -rq 'Subject: b' " + shell_word(sandbox_ / "medium")).code, 0);

  // The same name twice: both are kept.
  ASSERT_EQ(remove_name(mount_ / "a.eml"), 0);
  ASSERT_EQ(write_file(mount_ / "a.eml", mail("second")), 0);
  ASSERT_EQ(remove_name(mount_ / "a.eml"), 0);
  EXPECT_EQ(names_in(trash).size(), 2u);
  EXPECT_EQ(run("cat " + shell_word(trash) + "/* | grep -c Subject").output, "2\n");
}

TEST_P(Trash, PurgesWhenToldSo) {
  put("a");
  ASSERT_EQ(mount_.unmount().code, 0);
  TempMount purging{sandbox_, make_medium(sandbox_, GetParam()), "delete=purge", "purging"};
  ASSERT_EQ(remove_name(purging / "a.eml"), 0);
  EXPECT_EQ(names_in(purging / ".mapistorefs/trash/root"), Names{});
  EXPECT_NE(run("grep -rq 'Subject: a' " + shell_word(sandbox_ / "medium")).code, 0);
}

TEST_P(Rename, InAFolderKeepsTheInode) {
  put("a");
  const ino_t inode = stat_of(mount_ / "a.eml").st_ino;
  ASSERT_EQ(move(mount_ / "a.eml", mount_ / "new name.eml"), 0);
  EXPECT_EQ(names_in(mount_.path()), Names{"new name.eml"});
  EXPECT_EQ(stat_of(mount_ / "new name.eml").st_ino, inode);
  ASSERT_TRUE(mount_.remount());
  EXPECT_EQ(names_in(mount_.path()), Names{"new name.eml"});
  EXPECT_EQ(stat_of(mount_ / "new name.eml").st_ino, inode);
  EXPECT_EQ(read_file(mount_ / "new name.eml"), mail("a"));
  EXPECT_EQ(move(mount_ / "none.eml", mount_ / "x.eml"), ENOENT);
  EXPECT_EQ(move(mount_ / "new name.eml", mount_ / std::string(256, 'x')), ENAMETOOLONG);
}

TEST_P(Rename, AcrossFoldersKeepsInodeAndName) {
  put("a");
  ASSERT_EQ(make_directory(mount_ / "sub"), 0);
  const ino_t inode = stat_of(mount_ / "a.eml").st_ino;
  ASSERT_EQ(move(mount_ / "a.eml", mount_ / "sub/a.eml"), 0);
  EXPECT_EQ(names_in(mount_.path()), Names{"sub"});
  EXPECT_EQ(stat_of(mount_ / "sub/a.eml").st_ino, inode);
  ASSERT_TRUE(mount_.remount());
  EXPECT_EQ(names_in(mount_ / "sub"), Names{"a.eml"});
  EXPECT_EQ(stat_of(mount_ / "sub/a.eml").st_ino, inode);
  EXPECT_EQ(read_file(mount_ / "sub/a.eml"), mail("a"));
}

TEST_P(Rename, OverAnother) {
  put("a");
  put("b");
  const ino_t inode = stat_of(mount_ / "a.eml").st_ino;
  EXPECT_EQ(move(mount_ / "a.eml", mount_ / "b.eml", RENAME_NOREPLACE), EEXIST);
  EXPECT_EQ(read_file(mount_ / "b.eml"), mail("b"));
  EXPECT_EQ(move(mount_ / "a.eml", mount_ / "c.eml", RENAME_NOREPLACE), 0);
  // Honoured, or refused with nothing changed.
  if (const int error = move(mount_ / "c.eml", mount_ / "b.eml", RENAME_EXCHANGE)) {
    EXPECT_EQ(error, EINVAL);
    EXPECT_EQ(read_file(mount_ / "b.eml"), mail("b"));
    EXPECT_EQ(read_file(mount_ / "c.eml"), mail("a"));
  } else {
    EXPECT_EQ(read_file(mount_ / "b.eml"), mail("a"));
    ASSERT_EQ(move(mount_ / "c.eml", mount_ / "b.eml", RENAME_EXCHANGE), 0);
  }
  ASSERT_EQ(move(mount_ / "c.eml", mount_ / "b.eml"), 0);
  EXPECT_EQ(names_in(mount_.path()), Names{"b.eml"});
  EXPECT_EQ(read_file(mount_ / "b.eml"), mail("a"));
  EXPECT_EQ(stat_of(mount_ / "b.eml").st_ino, inode);
  ASSERT_EQ(make_directory(mount_ / "sub"), 0);
  EXPECT_EQ(move(mount_ / "b.eml", mount_ / "sub"), EISDIR);
  EXPECT_EQ(move(mount_ / "sub", mount_ / "b.eml"), ENOTDIR);
  ASSERT_TRUE(mount_.remount());
  EXPECT_EQ(names_in(mount_.path()), (Names{"b.eml", "sub"}));
}

TEST_P(Directories, ComeAndGo) {
  ASSERT_EQ(make_directory(mount_ / "one"), 0);
  EXPECT_EQ(make_directory(mount_ / "one"), EEXIST);
  ASSERT_EQ(make_directory(mount_ / "one/two"), 0);
  ASSERT_EQ(write_file(mount_ / "one/two/a.eml", mail("a")), 0);
  const ino_t inode = stat_of(mount_ / "one/two/a.eml").st_ino;
  EXPECT_EQ(stat_of(mount_.path()).st_nlink, 3u);
  EXPECT_EQ(remove_directory(mount_ / "one"), ENOTEMPTY);
  EXPECT_EQ(remove_directory(mount_ / "one/two"), ENOTEMPTY);
  EXPECT_EQ(remove_directory(mount_ / "one/two/a.eml"), ENOTDIR);
  EXPECT_EQ(remove_name(mount_ / "one"), EISDIR);
  EXPECT_EQ(move(mount_ / "one", mount_ / "one/two/three"), EINVAL);
  EXPECT_EQ(remove_directory(mount_ / "nothing"), ENOENT);
  EXPECT_EQ(remove_directory(mount_.path()), EBUSY);

  ASSERT_EQ(move(mount_ / "one", mount_ / "uno"), 0);
  EXPECT_EQ(read_file(mount_ / "uno/two/a.eml"), mail("a"));
  ASSERT_EQ(move(mount_ / "uno/two", mount_ / "dos"), 0);
  EXPECT_EQ(stat_of(mount_ / "dos/a.eml").st_ino, inode);
  ASSERT_TRUE(mount_.remount());
  EXPECT_EQ(names_in(mount_.path()), (Names{"dos", "uno"}));
  EXPECT_EQ(stat_of(mount_ / "dos/a.eml").st_ino, inode);
  EXPECT_EQ(move(mount_ / "uno", mount_ / "dos"), ENOTEMPTY);
  EXPECT_EQ(move(mount_ / "dos", mount_ / "uno"), 0) << "over an empty one";
  EXPECT_EQ(run("rm -r " + shell_word(mount_ / "uno")).output, "");
  // A Maildir's trash is a folder like others from the first removal on.
  const Names left = GetParam() == std::string_view{"maildir"} ? Names{"Trash"} : Names{};
  EXPECT_EQ(names_in(mount_.path()), left);
  for (const std::string& name :
       {std::string("Entw\xc3\xbcrfe & co 100%"), std::string("a b"), std::string(200, 'n')}) {
    ASSERT_EQ(make_directory(mount_ / name), 0) << name;
    EXPECT_EQ(write_file(mount_ / name / "x.eml", mail("x")), 0) << name;
  }
  const Names before = names_in(mount_.path());
  EXPECT_EQ(before.size(), 3u + left.size());
  ASSERT_TRUE(mount_.remount());
  EXPECT_EQ(names_in(mount_.path()), before);
}

class Contexts : public ::testing::Test {
 protected:
  Sandbox sandbox_;
};

TEST_F(Contexts, KeepToThemselves) {
  write_file(sandbox_ / "two.toml", "[folders.A]\nuri = \"" + make_medium(sandbox_, "file", "a") +
                                        "\"\n[folders.B]\nuri = \"" + make_medium(sandbox_, "maildir", "b") + "\"\n");
  TempMount mount{sandbox_, (sandbox_ / "two.toml").native()};
  ASSERT_EQ(write_file(mount / "A/a.eml", mail("a")), 0);
  ASSERT_EQ(make_directory(mount / "A/sub"), 0);
  ASSERT_EQ(write_file(mount / "A/sub/s.eml", mail("s")), 0);
  EXPECT_EQ(
      run("mv " + shell_word(mount / "A/a.eml") + " " + shell_word(mount / "A/sub") + " " + shell_word(mount / "B"))
          .output,
      "");
  EXPECT_EQ(names_in(mount / "A"), Names{});
  EXPECT_EQ(read_file(mount / "B/a.eml"), mail("a"));
  EXPECT_EQ(read_file(mount / "B/sub/s.eml"), mail("s"));

  const auto refused = ::testing::AnyOf(EBUSY, EPERM);
  EXPECT_TRUE(::testing::Value(remove_directory(mount / "A"), refused));
  EXPECT_TRUE(::testing::Value(move(mount / "A", mount / "C"), refused));
  EXPECT_TRUE(::testing::Value(move(mount / "A", mount / "B/A"), refused));
  EXPECT_TRUE(::testing::Value(make_directory(mount / "C"), refused));
  EXPECT_TRUE(::testing::Value(write_file(mount / "x.eml", mail("x")), refused));
  EXPECT_TRUE(::testing::Value(remove_directory(mount / ".mapistorefs"), refused));
  EXPECT_EQ(names_in(mount / ".mapistorefs/trash"), (Names{"A", "B"}));
  EXPECT_EQ(names_in(mount.path()), (Names{"A", "B"}));
  EXPECT_FALSE(is_there(mount / "C"));
}

}  // namespace
}  // namespace mapistore::mount_tests::names_test
