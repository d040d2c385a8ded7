// Removing: into the trash of each top folder, back from there, for good; and what nothing may remove.
#include <gmock/gmock.h>

#include "tests/mount/posix.h"

namespace mapistore::mount_tests::soft_delete_test {
namespace {

using testing::eventually;
using testing::is_there;
using testing::names_in;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::stat_of;
using testing::TempMount;
using testing::write_file;
using namespace std::chrono_literals;

class SoftDelete : public ::testing::Test {
 protected:
  /// Two top folders, Files and Mail; `files` and `mail` are further lines of theirs.
  std::string profile(const std::string& files = {}, const std::string& mail = {}) {
    const std::string path = (sandbox_ / "two.toml").native();
    write_file(path, "[folders.Files]\nuri = \"" + make_medium(sandbox_, "file", "files") + "\"\n" + files +
                         "\n[folders.Mail]\nuri = \"" + make_medium(sandbox_, "maildir", "mail") + "\"\n" + mail +
                         "\n");
    return path;
  }
  std::string sql(const std::string& statement) const {
    return run("sqlite3 " + shell_word(sandbox_ / "state") + "/mapistorefs/*/index.sqlite " + shell_word(statement))
        .output;
  }
  /// Lets what is in the index of `name` have changed `days` ago. While nothing is mounted.
  void make_old(const std::string& name, int days) const {
    sql("UPDATE objects SET changed=changed-" + std::to_string(days) + "*86400000000000 WHERE CAST(name AS TEXT)='" +
        name + "'");
  }
  void put_and_remove(const TempMount& mount, const std::string& path) {
    ASSERT_EQ(write_file(mount / path, mail(path)), 0) << mount.errors();
    ASSERT_EQ(remove_name(mount / path), 0) << mount.errors();
  }

  Sandbox sandbox_;
};

TEST_F(SoftDelete, EachTopFolderHasItsTrash) {
  TempMount mount{sandbox_, profile()};
  const Path trash = mount / ".mapistorefs/trash";
  for (const std::string top : {"Files", "Mail"}) {
    for (const char* name : {"a.eml", "b.eml"}) ASSERT_EQ(write_file(mount / top / name, mail(top + name)), 0);
    const ino_t inode = stat_of(mount / top / "a.eml").st_ino;
    ASSERT_EQ(testing::set_xattr(mount / top / "a.eml", "user.mapi.flags", "read flagged"), 0);
    ASSERT_EQ(testing::set_xattr(mount / top / "a.eml", "user.mine", "kept"), 0);
    ASSERT_EQ(remove_name(mount / top / "a.eml"), 0);
    ASSERT_EQ(remove_name(mount / top / "b.eml"), 0);
    EXPECT_EQ(names_in(trash / top), (Names{"a.eml", "b.eml"}));
    EXPECT_EQ(stat_of(trash / top / "a.eml").st_ino, inode);
    EXPECT_EQ(run("mv " + shell_word(trash / top / "a.eml") + " " + shell_word(mount / top)).output, "");
    EXPECT_EQ(stat_of(mount / top / "a.eml").st_ino, inode);
    EXPECT_EQ(read_file(mount / top / "a.eml"), mail(top + "a.eml"));
    EXPECT_EQ(testing::xattr(mount / top / "a.eml", "user.mapi.flags"), "read flagged");
    EXPECT_EQ(testing::xattr(mount / top / "a.eml", "user.mine"), "kept");
  }
  EXPECT_EQ(names_in(trash), (Names{"Files", "Mail"}));
  // Restored on another medium, and purged.
  const ino_t inode = stat_of(trash / "Files/b.eml").st_ino;
  ASSERT_EQ(move(trash / "Files/b.eml", mount / "Mail/c.eml"), 0) << mount.errors();
  EXPECT_EQ(stat_of(mount / "Mail/c.eml").st_ino, inode);
  ASSERT_EQ(remove_name(trash / "Mail/b.eml"), 0);
  for (const char* when : {"at once", "after a remount"}) {
    EXPECT_EQ(names_in(trash / "Files"), Names{}) << when;
    EXPECT_EQ(names_in(trash / "Mail"), Names{}) << when;
    EXPECT_EQ(read_file(mount / "Mail/c.eml"), mail("Filesb.eml")) << when;
    ASSERT_TRUE(mount.remount());
  }
  EXPECT_NE(run("grep -rq 'Subject: Mailb' " + shell_word(sandbox_ / "mail")).code, 0) << "purged, but in the medium";
}

TEST_F(SoftDelete, ADeepTreeLeavesNoRow) {
  TempMount mount{sandbox_, make_medium(sandbox_, "file")};
  std::string path = "top";
  for (int depth = 0; depth < 12; ++depth, path += "/d" + std::to_string(depth)) {
    ASSERT_EQ(make_directory(mount / path), 0);
    for (const char* name : {"a.eml", ".scratch", "empty.eml"})
      ASSERT_EQ(write_file(mount / path / name, std::string_view{name} == "empty.eml" ? "" : mail(path)), 0);
    ASSERT_EQ(testing::set_xattr(mount / path / "a.eml", "user.note", "x"), 0);
    ASSERT_EQ(testing::set_xattr(mount / path / "a.eml", "user.mapi.0x6abf0003", "7"), 0);
  }
  ASSERT_EQ(run("rm -r " + shell_word(mount / "top")).output, "");
  EXPECT_EQ(names_in(mount.path()), Names{});
  EXPECT_EQ(names_in(mount / ".mapistorefs/trash/root").size(), 12u) << "messages only: the rest had never been saved";
  const std::string live = "SELECT count(*) FROM objects WHERE gone IS NULL AND parent<>0";
  EXPECT_EQ(sql(live), "12\n");
  EXPECT_EQ(run("cd " + shell_word(sandbox_ / "medium") + " && find . -mindepth 1 -name '.mapistore*' -prune -o -print")
                .output,
            "");
  ASSERT_EQ(run("rm -r " + shell_word(mount / ".mapistorefs/trash/root") + "/*").output, "");
  EXPECT_EQ(sql(live), "0\n");
  EXPECT_EQ(run("ls " + shell_word(sandbox_ / "state") + "/mapistorefs/*/staging").output, "") << "scratch files";
  // What is gone is remembered for an hour, and then forgotten with all that belonged to it.
  ASSERT_EQ(mount.unmount().code, 0);
  sql("UPDATE objects SET gone=gone-2*3600000000000");
  ASSERT_EQ(mount.start().code, 0);
  ASSERT_TRUE(mount.wait_ready());
  EXPECT_EQ(sql("SELECT (SELECT count(*) FROM objects WHERE parent<>0), (SELECT count(*) FROM folders),"
                " (SELECT count(*) FROM properties), (SELECT count(*) FROM side_properties)"),
            "0|2|0|0\n")
      << "but for the context's root and trash";
}

TEST_F(SoftDelete, SpecialFoldersStay) {
  const TempMount mount{sandbox_, profile()};
  put_and_remove(mount, "Mail/a.eml");
  const auto refused = ::testing::AnyOf(EBUSY, EPERM);
  for (const char* name : {"Files", "Mail", "Mail/Trash", ".mapistorefs", ".mapistorefs/trash",
                           ".mapistorefs/trash/Files", ".mapistorefs/trash/Mail"}) {
    EXPECT_TRUE(is_there(mount / name)) << name;
    EXPECT_THAT(remove_directory(mount / name), ::testing::AnyOf(refused, ENOTEMPTY)) << name;
    EXPECT_THAT(move(mount / name, mount / "Files/x"), ::testing::AnyOf(refused, EXDEV, EINVAL)) << name;
    EXPECT_THAT(move(mount / name, mount / "x"), refused) << name;
    EXPECT_TRUE(is_there(mount / name)) << name;
  }
  EXPECT_THAT(move(mount / "Mail/Trash", mount / "Mail/Bin"), refused);
  ASSERT_EQ(remove_name(mount / "Mail/Trash/a.eml"), 0);
  EXPECT_THAT(remove_directory(mount / "Mail/Trash"), refused) << "empty, and special all the same";
  for (const char* name : {"x.eml", ".mapistorefs/x.eml", ".mapistorefs/trash/x.eml", ".mapistorefs/status"})
    EXPECT_THAT(write_file(mount / name, "x"), ::testing::AnyOf(refused, EROFS, EACCES)) << name;
  for (const char* name : {"x", ".mapistorefs/x", ".mapistorefs/trash/x"})
    EXPECT_THAT(make_directory(mount / name), refused) << name;
  for (const char* name : {".mapistorefs/status", ".mapistorefs/errors"})
    EXPECT_THAT(remove_name(mount / name), refused) << name;
  EXPECT_EQ(names_in(mount.path()), (Names{"Files", "Mail"}));
}

TEST_F(SoftDelete, TheTrashKeepsForAsLongAsTold) {
  {
    const TempMount mount{sandbox_, profile()};
    for (const char* top : {"Files/", "Mail/"})
      for (const char* name : {"old.eml", "new.eml"}) put_and_remove(mount, top + std::string(name));
    ASSERT_EQ(write_file(mount / "Files/live.eml", mail("live")), 0);
  }
  for (const char* name : {"old.eml", "live.eml"}) make_old(name, 8);
  make_old("new.eml", 6);
  const auto trash = [](const TempMount& mount, const char* top) {
    return names_in(mount / ".mapistorefs/trash" / top);
  };
  {
    const TempMount unlimited{sandbox_, profile()};
    EXPECT_EQ(trash(unlimited, "Files"), (Names{"new.eml", "old.eml"}));
  }
  {
    const TempMount read_only{sandbox_, profile(), "ro,trash_keep=7"};
    EXPECT_EQ(trash(read_only, "Files"), (Names{"new.eml", "old.eml"}));
  }
  // One folder has a number of its own.
  const TempMount mount{sandbox_, profile({}, "trash_keep = 1000"), "trash_keep=7"};
  EXPECT_TRUE(eventually([&] { return trash(mount, "Files") == Names{"new.eml"}; }, 10s)) << mount.errors();
  EXPECT_EQ(trash(mount, "Mail"), (Names{"new.eml", "old.eml"}));
  EXPECT_EQ(read_file(mount / "Files/live.eml"), mail("live"));
  EXPECT_NE(run("grep -rq 'Subject: Files/old' " + shell_word(sandbox_ / "files")).code, 0) << "still in the medium";
  EXPECT_EQ(run("grep -rl 'Subject: Mail/old' " + shell_word(sandbox_ / "mail") + " | wc -l").output, "1\n");
}

TEST_F(SoftDelete, TheTrashOfAMaildirIsEmptiedWhereItShows) {
  {
    const TempMount mount{sandbox_, profile()};
    for (const char* name : {"Mail/old.eml", "Mail/new.eml"}) put_and_remove(mount, name);
    // A flag that is set in the trash lets the days begin anew.
    put_and_remove(mount, "Mail/flagged.eml");
  }
  for (const char* name : {"old.eml", "flagged.eml"}) make_old(name, 31);
  {
    const TempMount mount{sandbox_, profile()};
    ASSERT_EQ(testing::set_xattr(mount / "Mail/Trash/flagged.eml", "user.mapi.flags", "flagged"), 0);
  }
  const TempMount mount{sandbox_, profile({}, "trash_keep = 30")};
  EXPECT_TRUE(eventually([&] { return names_in(mount / "Mail/Trash") == Names{"flagged.eml", "new.eml"}; }, 10s))
      << mount.errors();
  EXPECT_EQ(names_in(mount / ".mapistorefs/trash/Mail"), (Names{"flagged.eml", "new.eml"}));
}

TEST_F(SoftDelete, ATopFolderMayHaveNone) {
  const TempMount mount{sandbox_, profile("delete = \"purge\"")};
  put_and_remove(mount, "Files/a.eml");
  put_and_remove(mount, "Mail/a.eml");
  EXPECT_EQ(names_in(mount / ".mapistorefs/trash/Files"), Names{});
  EXPECT_EQ(names_in(mount / ".mapistorefs/trash/Mail"), Names{"a.eml"});
  EXPECT_EQ(run("grep -r Subject " + shell_word(sandbox_ / "files")).output, "");
}

}  // namespace
}  // namespace mapistore::mount_tests::soft_delete_test
