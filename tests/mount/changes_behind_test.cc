// Changes by others: in the medium's directory, by another mail program, and through a second mount.
#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/mount/corpus.h"

namespace mapistore::mount_tests::changes_behind_test {
namespace {

using testing::eventually;
using testing::names_in;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::stat_of;
using testing::TempMount;
using testing::write_file;
using testing::xattr;
using Names = std::vector<std::string>;

class Behind : public ::testing::Test {
 protected:
  void list() { run("ls -lR " + shell_word(sandbox_ / "mnt") + "; cat " + shell_word(sandbox_ / "mnt") + "/*"); }
  Sandbox sandbox_;
};

TEST_F(Behind, EditsInTheTreeShow) {
  TempMount mount{sandbox_, make_medium(sandbox_, "file")};
  const auto medium = sandbox_ / "medium";
  ASSERT_EQ(write_file(mount / "a.eml", mail("a")), 0);
  list();
  ASSERT_EQ(write_file(medium / "b.eml", mail("b")), 0);
  EXPECT_TRUE(eventually([&] { return names_in(mount.path()) == Names{"a.eml", "b.eml"}; }));
  EXPECT_EQ(read_file(mount / "b.eml"), mail("b"));
  const ino_t inode = stat_of(mount / "a.eml").st_ino;

  list();
  ASSERT_EQ(write_file(medium / "a.eml", mail("a", "edited and longer\n")), 0);
  EXPECT_TRUE(eventually([&] { return read_file(mount / "a.eml") == mail("a", "edited and longer\n"); }));
  EXPECT_EQ(stat_of(mount / "a.eml").st_size, static_cast<off_t>(mail("a", "edited and longer\n").size()));
  EXPECT_EQ(stat_of(mount / "a.eml").st_ino, inode);

  list();
  ASSERT_EQ(::rename((medium / "a.eml").c_str(), (medium / "renamed.eml").c_str()), 0);
  EXPECT_TRUE(eventually([&] { return names_in(mount.path()) == Names{"b.eml", "renamed.eml"}; }));
  EXPECT_EQ(stat_of(mount / "renamed.eml").st_ino, inode) << "a rename keeps the inode";
  EXPECT_EQ(stat_of(mount / "a.eml").st_ino, 0u);

  list();
  ASSERT_EQ(::mkdir((medium / "sub").c_str(), 0755), 0);
  ASSERT_EQ(write_file(medium / "sub/c.eml", mail("c")), 0);
  EXPECT_TRUE(eventually([&] { return read_file(mount / "sub/c.eml") == mail("c"); }));
  ASSERT_EQ(::rename((medium / "renamed.eml").c_str(), (medium / "sub/moved.eml").c_str()), 0);
  EXPECT_TRUE(eventually([&] { return names_in(mount / "sub") == Names{"c.eml", "moved.eml"}; }));
  EXPECT_EQ(stat_of(mount / "sub/moved.eml").st_ino, inode) << "a move keeps the inode";

  list();
  ASSERT_EQ(::rename((medium / "sub").c_str(), (medium / "dir").c_str()), 0);
  EXPECT_TRUE(eventually([&] { return names_in(mount.path()) == Names{"b.eml", "dir"}; }));
  EXPECT_EQ(stat_of(mount / "dir/moved.eml").st_ino, inode);
  ASSERT_EQ(::unlink((medium / "b.eml").c_str()), 0);
  EXPECT_TRUE(eventually([&] { return names_in(mount.path()) == Names{"dir"}; }));
  EXPECT_EQ(read_file(mount / "b.eml"), std::nullopt);
  run("rm -r " + shell_word(medium / "dir"));
  EXPECT_TRUE(eventually([&] { return names_in(mount.path()).empty(); }));
}

TEST_F(Behind, ChangesWhileUnmountedShow) {
  TempMount mount{sandbox_, make_medium(sandbox_, "file")};
  for (const char* name : {"a", "b", "c"}) ASSERT_EQ(write_file(mount / (std::string(name) + ".eml"), mail(name)), 0);
  const ino_t inode = stat_of(mount / "c.eml").st_ino;
  ASSERT_EQ(mount.unmount().code, 0);
  run("cd " + shell_word(sandbox_ / "medium") + " && rm a.eml && echo edited >> b.eml && mv c.eml d.eml");
  ASSERT_EQ(mount.start().code, 0);
  ASSERT_TRUE(mount.wait_ready());
  EXPECT_EQ(names_in(mount.path()), (Names{"b.eml", "d.eml"}));
  EXPECT_EQ(read_file(mount / "b.eml"), mail("b") + "edited\n");
  EXPECT_EQ(stat_of(mount / "d.eml").st_ino, inode);
}

TEST_F(Behind, ManyAtOnceShow) {
  TempMount mount{sandbox_, make_medium(sandbox_, "file")};
  list();
  run("cd " + shell_word(sandbox_ / "medium") + " && for i in $(seq 500); do echo \"Subject: $i\" > $i.eml; done");
  EXPECT_TRUE(eventually([&] { return names_in(mount.path()).size() == 500; }, std::chrono::seconds{5}));
}

TEST_F(Behind, MaildirDeliveriesAndFlags) {
  TempMount mount{sandbox_, make_medium(sandbox_, "maildir")};
  const auto medium = sandbox_ / "medium";
  list();
  ASSERT_EQ(write_file(medium / "tmp/1.host", mail("delivered")), 0);
  ASSERT_EQ(::rename((medium / "tmp/1.host").c_str(), (medium / "new/1700000000.1.host").c_str()), 0);
  ASSERT_TRUE(eventually([&] { return names_in(mount.path()).size() == 1; }));
  const std::string name = names_in(mount.path()).front();
  EXPECT_NE(name.find("delivered"), std::string::npos) << name;
  EXPECT_TRUE(name.starts_with("20260817T093102Z_anna@example.org_")) << name;
  EXPECT_EQ(read_file(mount / name), mail("delivered"));
  EXPECT_EQ(xattr(mount / name, "user.mapi.read"), "0");
  EXPECT_EQ(names_in(medium / "new").size(), 1u) << "reading moved it";
  const ino_t inode = stat_of(mount / name).st_ino;

  ASSERT_EQ(::rename((medium / "new/1700000000.1.host").c_str(), (medium / "cur/1700000000.1.host:2,FS").c_str()), 0);
  EXPECT_TRUE(eventually([&] { return xattr(mount / name, "user.mapi.flags") == "read flagged"; }));
  EXPECT_EQ(names_in(mount.path()), Names{name});
  EXPECT_EQ(stat_of(mount / name).st_ino, inode);

  ASSERT_EQ(testing::set_xattr(mount / name, "user.mapi.flags", "answered"), 0);
  EXPECT_EQ(names_in(medium / "cur"), Names{"1700000000.1.host:2,R"});
  EXPECT_EQ(stat_of(mount / name).st_ino, inode);

  ASSERT_EQ(run("cd " + shell_word(medium) + " && mkdir -p .Work/cur .Work/new .Work/tmp && mv cur/* .Work/cur/").code,
            0);
  EXPECT_TRUE(eventually([&] { return names_in(mount.path()) == Names{"Work"}; }));
  EXPECT_TRUE(eventually([&] { return names_in(mount / "Work") == Names{name}; }));
  EXPECT_EQ(read_file(mount / "Work" / name), mail("delivered"));
  run("rm " + shell_word(medium / ".Work/cur") + "/*");
  EXPECT_TRUE(eventually([&] { return names_in(mount / "Work").empty(); }));
}

TEST_F(Behind, TwoMountsOfOneStore) {
  const std::string uri = make_medium(sandbox_, "file");
  TempMount one{sandbox_, uri};
  TempMount two{sandbox_, uri, {}, "second"};
  for (const char* name : {"a.eml", "b.eml"}) ASSERT_EQ(write_file(one / name, mail(name)), 0);
  EXPECT_TRUE(eventually([&] { return names_in(two.path()) == Names{"a.eml", "b.eml"}; }));
  const auto inodes = [](const TempMount& mount) {
    return run("cd " + shell_word(mount.path()) + " && find . -printf '%P %i %s %T@\\n' | sort").output;
  };
  EXPECT_EQ(inodes(one), inodes(two));

  ASSERT_EQ(write_file(two / "a.eml", mail("a", "through the second\n")), 0);
  EXPECT_TRUE(eventually([&] { return read_file(one / "a.eml") == mail("a", "through the second\n"); }));
  ASSERT_EQ(::rename((one / "b.eml").c_str(), (one / "c.eml").c_str()), 0);
  EXPECT_TRUE(eventually([&] { return names_in(two.path()) == Names{"a.eml", "c.eml"}; }));
  EXPECT_TRUE(eventually([&] { return stat_of(two / "b.eml").st_ino == 0; }));
  ASSERT_EQ(testing::set_xattr(two / "a.eml", "user.mapi.read", "1"), 0);
  EXPECT_TRUE(eventually([&] { return xattr(one / "a.eml", "user.mapi.read") == "1"; }));
  ASSERT_EQ(::chmod((two / "a.eml").c_str(), 0640), 0);
  EXPECT_TRUE(eventually([&] { return (stat_of(one / "a.eml").st_mode & 0777u) == 0640; }));
  ASSERT_EQ(::mkdir((two / "sub").c_str(), 0755), 0);
  EXPECT_TRUE(eventually([&] { return testing::is_there(one / "sub"); }));
  ASSERT_EQ(::unlink((one / "c.eml").c_str()), 0);
  EXPECT_TRUE(eventually([&] { return names_in(two.path()) == Names{"a.eml", "sub"}; }));
  EXPECT_TRUE(eventually([&] { return inodes(one) == inodes(two); })) << inodes(one) << inodes(two);
}

}  // namespace
}  // namespace mapistore::mount_tests::changes_behind_test
