// rename, unlink, mkdir, rmdir and links, as POSIX has them. Deviations: docs/posix.md.
#include "tests/mount/posix.h"

namespace mapistore::mount_tests::posix_names_test {
namespace {

using testing::is_there;
using testing::stat_of;
using testing::write_file;

class PosixNames : public Posix {};
INSTANTIATE_TEST_SUITE_P(Media, PosixNames, ::testing::Values("file", "maildir", "memory"), medium_name);

TEST_P(PosixNames, RenameRefuses) {
  put("a.eml");
  ASSERT_EQ(make_directory(at("d")), 0);
  ASSERT_EQ(make_directory(at("d/e")), 0);
  ASSERT_EQ(make_directory(at("x")), 0);
  EXPECT_EQ(move(at("none"), at("b.eml")), ENOENT);
  EXPECT_EQ(move(at("a.eml"), at("none/b.eml")), ENOENT);
  EXPECT_EQ(move(at("a.eml"), at("d")), EISDIR);
  EXPECT_EQ(move(at("d"), at("a.eml")), ENOTDIR);
  EXPECT_EQ(move(at("d"), at("d/e/f")), EINVAL);
  EXPECT_EQ(move(at("d"), at("d/f")), EINVAL);
  EXPECT_EQ(move(at("d/e"), at("d")), ENOTEMPTY);
  EXPECT_EQ(move(at("x"), at("d")), ENOTEMPTY);
  EXPECT_EQ(move(at("a.eml"), at(too_long_)), ENAMETOOLONG);
  EXPECT_EQ(move(at("a.eml/x"), at("b.eml")), ENOTDIR);
  EXPECT_EQ(move(at("a.eml"), at("a.eml/x")), ENOTDIR);
  EXPECT_EQ(move(at("a.eml"), at("b.eml/")), ENOTDIR);
  EXPECT_EQ(move(at("."), at("q")), EBUSY);
  EXPECT_EQ(move(at("x"), at("x/.")), EBUSY);
  put("b.eml");
  EXPECT_EQ(move(at("a.eml"), at("b.eml"), RENAME_NOREPLACE), EEXIST);
  EXPECT_EQ(move(at("a.eml"), at("b.eml"), RENAME_EXCHANGE), EINVAL) << "deviation: not offered";
  EXPECT_EQ(move(at("a.eml"), at("c.eml"), RENAME_WHITEOUT), EINVAL) << "deviation: not offered";
  EXPECT_EQ(move(at("a.eml"), at("b.eml"), RENAME_EXCHANGE | RENAME_NOREPLACE), EINVAL);
  EXPECT_EQ(bytes("a.eml"), mail("a.eml"));
  EXPECT_EQ(bytes("b.eml"), mail("b.eml"));
  EXPECT_EQ(names(), (Names{"a.eml", "b.eml", "d", "x"}));
}

TEST_P(PosixNames, RenameMoves) {
  put("a.eml");
  put("b.eml");
  ASSERT_EQ(make_directory(at("d")), 0);
  ASSERT_EQ(make_directory(at("d/e")), 0);
  ASSERT_EQ(make_directory(at("x")), 0);
  const ino_t inode = stat_of(at("a.eml")).st_ino, folder = stat_of(at("d/e")).st_ino;
  EXPECT_EQ(move(at("a.eml"), at("a.eml")), 0);
  EXPECT_EQ(move(at("d"), at("d")), 0);
  EXPECT_EQ(move(at("a.eml"), at("b.eml")), 0);
  EXPECT_EQ(bytes("b.eml"), mail("a.eml"));
  EXPECT_EQ(stat_of(at("b.eml")).st_ino, inode);
  EXPECT_EQ(move(at("b.eml"), at("c.eml"), RENAME_NOREPLACE), 0);
  EXPECT_EQ(names(), (Names{"c.eml", "d", "x"}));
  EXPECT_EQ(stat_of(at(".")).st_nlink, 4u);
  EXPECT_EQ(move(at("d/e"), at("x")), 0) << "over an empty one";
  EXPECT_EQ(stat_of(at("x")).st_ino, folder);
  EXPECT_EQ(stat_of(at("d")).st_nlink, 2u);
  EXPECT_EQ(move(at("x"), at("d/y/")), 0);
  EXPECT_EQ(stat_of(at(".")).st_nlink, 3u);
  EXPECT_EQ(stat_of(at("d")).st_nlink, 3u);
  EXPECT_EQ(names("d"), Names{"y"});
}

TEST_P(PosixNames, WhoHasTheReplacedFileOpenKeepsIt) {
  put("a.eml");
  put("b.eml");
  const Handle reading{at("b.eml"), O_RDONLY};
  ASSERT_EQ(move(at("a.eml"), at("b.eml")), 0);
  EXPECT_EQ(reading.read(), mail("b.eml"));
  EXPECT_EQ(reading.status().st_nlink, 0u);
  EXPECT_EQ(bytes("b.eml"), mail("a.eml"));
  // What is still written into the replaced file goes with it, and not into the one that has its name now.
  put("c.eml");
  Handle writing{at("b.eml"), O_RDWR};
  ASSERT_EQ(writing.write("X"), 0);
  ASSERT_EQ(move(at("c.eml"), at("b.eml")), 0);
  ASSERT_EQ(writing.write("Y"), 0);
  EXPECT_EQ(writing.read()->substr(0, 2), "XY");
  EXPECT_EQ(writing.close(), 0);
  EXPECT_EQ(bytes("b.eml"), mail("c.eml"));
  // The same where a file of this machine takes the place, as rsync and editors do.
  const Handle reader{at("b.eml"), O_RDONLY};
  Handle writer{at("b.eml"), O_RDWR};
  ASSERT_EQ(writer.write("Z"), 0);
  ASSERT_EQ(write_file(at(".b.new"), mail("new")), 0);
  ASSERT_EQ(move(at(".b.new"), at("b.eml")), 0);
  EXPECT_EQ(reader.read()->substr(1), mail("c.eml").substr(1));
  ASSERT_EQ(writer.write("Z"), 0);
  EXPECT_EQ(writer.close(), 0);
  EXPECT_EQ(bytes("b.eml"), mail("new"));
  // And where one of this machine is replaced.
  ASSERT_EQ(write_file(at(".one"), "one"), 0);
  ASSERT_EQ(write_file(at(".two"), "two"), 0);
  const Handle local{at(".two"), O_RDONLY};
  ASSERT_EQ(move(at(".one"), at(".two")), 0);
  EXPECT_EQ(local.read(), "two");
  EXPECT_EQ(bytes(".two"), "one");
  EXPECT_EQ(names(), (Names{".two", "b.eml"}));
}

TEST_P(PosixNames, OpenFilesFollowTheirNames) {
  Handle file{at("a.eml"), O_RDWR | O_CREAT};
  ASSERT_EQ(move(at("a.eml"), at("b.eml")), 0) << "without bytes, and not yet anywhere";
  EXPECT_FALSE(is_there(at("a.eml")));
  ASSERT_EQ(file.write(mail("b")), 0);
  ASSERT_EQ(move(at("b.eml"), at("c.eml")), 0) << "with bytes";
  ASSERT_EQ(file.write("more\n"), 0);
  ASSERT_EQ(file.close(), 0) << mount_.errors();
  EXPECT_EQ(names(), Names{"c.eml"});
  EXPECT_EQ(bytes("c.eml"), mail("b") + "more\n");
  Handle again{at("c.eml"), O_RDWR};
  ASSERT_EQ(again.write_at("G", 0), 0);
  ASSERT_EQ(move(at("c.eml"), at("d.eml")), 0);
  ASSERT_EQ(again.write_at("H", 1), 0);
  ASSERT_EQ(again.close(), 0) << mount_.errors();
  EXPECT_EQ(names(), Names{"d.eml"});
  EXPECT_EQ(bytes("d.eml"), "GH" + (mail("b") + "more\n").substr(2));
  ASSERT_EQ(make_directory(at("d")), 0);
  Handle inside{at("d/q.eml"), O_RDWR | O_CREAT};
  ASSERT_EQ(inside.write(mail("q")), 0);
  ASSERT_EQ(move(at("d"), at("dd")), 0);
  ASSERT_EQ(inside.close(), 0) << mount_.errors();
  EXPECT_EQ(bytes("dd/q.eml"), mail("q"));
}

TEST_P(PosixNames, ScratchAndMessagesChangePlaces) {
  put("a.eml");
  ASSERT_EQ(make_directory(at(".d")), 0);
  ASSERT_EQ(move(at("a.eml"), at(".d/b.eml")), 0);
  EXPECT_EQ(names(), Names{".d"});
  EXPECT_EQ(bytes(".d/b.eml"), mail("a.eml"));
  EXPECT_EQ(remove_directory(at(".d")), ENOTEMPTY);
  ASSERT_EQ(move(at(".d/b.eml"), at("c.eml")), 0);
  EXPECT_EQ(bytes("c.eml"), mail("a.eml"));
  EXPECT_EQ(move(at(".d"), at(".e")), 0);
  EXPECT_EQ(move(at(".e"), at("real")), EXDEV) << "deviation: mv copies";
  EXPECT_EQ(testing::run("mv " + testing::shell_word(at(".e")) + " " + testing::shell_word(at("real"))).output, "");
  EXPECT_EQ(names(), (Names{"c.eml", "real"}));
}

TEST_P(PosixNames, Unlink) {
  put("a.eml");
  ASSERT_EQ(make_directory(at("d")), 0);
  EXPECT_EQ(remove_name(at("none")), ENOENT);
  EXPECT_EQ(remove_name(at("a.eml/x")), ENOTDIR);
  EXPECT_EQ(remove_name(at("a.eml/")), ENOTDIR);
  EXPECT_EQ(remove_name(at("d")), EISDIR);
  EXPECT_EQ(remove_name(at(too_long_)), ENAMETOOLONG);
  Handle file{at("a.eml"), O_RDWR};
  ASSERT_EQ(remove_name(at("a.eml")), 0);
  EXPECT_EQ(file.status().st_nlink, 0u);
  EXPECT_EQ(file.read(), mail("a.eml"));
  ASSERT_EQ(file.write_at("hey", 0), 0);
  EXPECT_EQ(file.read()->substr(0, 3), "hey");
  EXPECT_EQ(error_of(::ftruncate(file.get(), 2)), 0);
  EXPECT_EQ(file.status().st_size, 2);
  EXPECT_EQ(error_of(::fchmod(file.get(), 0600)), 0);
  EXPECT_EQ(error_of(::fsync(file.get())), 0);
  ASSERT_EQ(write_file(at("a.eml"), mail("second")), 0);
  EXPECT_EQ(file.close(), 0);
  EXPECT_EQ(bytes("a.eml"), mail("second"));
  EXPECT_NE(stat_of(at("a.eml")).st_nlink, 0u);
}

TEST_P(PosixNames, Mkdir) {
  put("a.eml");
  EXPECT_EQ(stat_of(at(".")).st_nlink, 2u);
  EXPECT_EQ(make_directory(at("d"), 0750), 0);
  EXPECT_EQ(stat_of(at("d")).st_mode, S_IFDIR | 0750u);
  EXPECT_EQ(stat_of(at(".")).st_nlink, 3u);
  EXPECT_EQ(make_directory(at("d/e/")), 0);
  EXPECT_EQ(stat_of(at("d")).st_nlink, 3u);
  EXPECT_EQ(stat_of(at("d/e")).st_nlink, 2u);
  EXPECT_EQ(make_directory(at("d")), EEXIST);
  EXPECT_EQ(make_directory(at("a.eml")), EEXIST);
  EXPECT_EQ(make_directory(at(".")), EEXIST);
  EXPECT_EQ(make_directory(at("d/..")), EEXIST);
  EXPECT_EQ(make_directory(at("a.eml/x")), ENOTDIR);
  EXPECT_EQ(make_directory(at("none/x")), ENOENT);
  EXPECT_EQ(make_directory(at(too_long_)), ENAMETOOLONG);
  EXPECT_EQ(make_directory(at(".scratch")), 0);
  EXPECT_EQ(stat_of(at(".")).st_nlink, 4u);
  const std::string odd = "a\x01" "b\\:*?\"<>|";
  EXPECT_EQ(make_directory(at(odd)), 0);
  EXPECT_EQ(names(), (Names{".scratch", odd, "a.eml", "d"}));
}

TEST_P(PosixNames, Rmdir) {
  put("a.eml");
  ASSERT_EQ(make_directory(at("d")), 0);
  ASSERT_EQ(make_directory(at("d/e")), 0);
  EXPECT_EQ(remove_directory(at("d")), ENOTEMPTY);
  EXPECT_EQ(remove_directory(at("a.eml")), ENOTDIR);
  EXPECT_EQ(remove_directory(at("a.eml/x")), ENOTDIR);
  EXPECT_EQ(remove_directory(at("none")), ENOENT);
  EXPECT_EQ(remove_directory(at("d/.")), EINVAL);
  EXPECT_EQ(remove_directory(at("d/..")), ENOTEMPTY);
  EXPECT_EQ(remove_directory(mount_.path()), EBUSY);
  EXPECT_EQ(remove_directory(at("d/e/")), 0);
  EXPECT_EQ(stat_of(at("d")).st_nlink, 2u);
  put("d/x.eml");
  EXPECT_EQ(remove_directory(at("d")), ENOTEMPTY);
  EXPECT_EQ(remove_name(at("d/x.eml")), 0);
  ASSERT_EQ(write_file(at("d/.x"), "scratch"), 0);
  EXPECT_EQ(remove_directory(at("d")), ENOTEMPTY);
  EXPECT_EQ(remove_name(at("d/.x")), 0);
  {
    const Handle created{at("d/o.eml"), O_WRONLY | O_CREAT};
    EXPECT_EQ(remove_directory(at("d")), ENOTEMPTY) << "not listed, but there";
    EXPECT_EQ(remove_name(at("d/o.eml")), 0);
  }
  const Handle open{at("d"), O_RDONLY | O_DIRECTORY};
  EXPECT_EQ(remove_directory(at("d")), 0);
  EXPECT_EQ(::openat(open.get(), "x.eml", O_WRONLY | O_CREAT, 0600), -1);
  EXPECT_EQ(errno, ENOENT);
  struct stat status {};
  EXPECT_EQ(::fstat(open.get(), &status), -1) << "deviation: a removed directory is gone for its handles too";
  EXPECT_FALSE(is_there(at("d")));
}

TEST_P(PosixNames, LinksAndDevicesAreRefused) {
  put("a.eml");
  const auto make = [&](mode_t type) { return error_of(::mknod(at("node").c_str(), type | 0600, 0)); };
  EXPECT_EQ(error_of(::link(at("a.eml").c_str(), at("b.eml").c_str())), EPERM) << "deviation, as those below";
  EXPECT_EQ(error_of(::symlink("a.eml", at("b.eml").c_str())), EPERM);
  for (const mode_t type : std::initializer_list<mode_t>{S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK})
    EXPECT_EQ(make(type), EPERM);
  EXPECT_EQ(error_of(::link(at("a.eml").c_str(), at("a.eml").c_str())), EEXIST);
  EXPECT_EQ(error_of(::symlink("x", at("a.eml").c_str())), EEXIST);
  char text[8];
  EXPECT_EQ(::readlink(at("a.eml").c_str(), text, sizeof text), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(try_open(mount_.path(), O_TMPFILE | O_RDWR), EOPNOTSUPP) << "deviation";
  EXPECT_EQ(names(), Names{"a.eml"});
  EXPECT_EQ(make(S_IFREG), 0);
  EXPECT_EQ(make(S_IFREG), EEXIST);
  EXPECT_EQ(stat_of(at("node")).st_size, 0);
}

}  // namespace
}  // namespace mapistore::mount_tests::posix_names_test
