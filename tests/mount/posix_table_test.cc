// What a file system of messages promises about each call, in the order of the table in docs/posix.md.
#include <sys/mman.h>

#include "tests/mount/posix.h"

namespace mapistore::mount_tests::posix_table_test {
namespace {

using testing::read_file;
using testing::set_xattr;
using testing::stat_of;
using testing::write_file;
using testing::xattr;

class PosixTable : public Posix {
 protected:
  /// The content of the only file kept because it could not be saved.
  std::string kept_bytes() {
    return testing::run("cat " + testing::shell_word(sandbox_ / "state") + "/mapistorefs/*/unsaved/*").output;
  }
  Path trash(std::string_view name) const { return at(".mapistorefs/trash/root") / name; }
};
INSTANTIATE_TEST_SUITE_P(Media, PosixTable, ::testing::Values("file", "memory"), medium_name);

TEST_P(PosixTable, CreateWriteClose) {
  {
    Handle file{at("a.eml"), O_WRONLY | O_CREAT};
    ASSERT_EQ(file.write(mail("a")), 0);
    EXPECT_EQ(names(), Names{}) << "not before it is saved";
    ASSERT_EQ(error_of(::fsync(file.get())), 0);
    EXPECT_EQ(names(), Names{"a.eml"});
    EXPECT_EQ(file.close(), 0);
  }
  // Text that does not parse is refused at close, and kept.
  {
    Handle file{at("b.ics"), O_WRONLY | O_CREAT};
    ASSERT_EQ(file.write("no calendar"), 0);
    EXPECT_EQ(error_of(::fsync(file.get())), EINVAL);
  }
  EXPECT_EQ(write_file(at("c.vcf"), "no contact"), EINVAL);
  EXPECT_EQ(names(), Names{"a.eml"});
  EXPECT_EQ(kept_bytes(), "no calendarno contact");
  for (const char* name : {"b.ics", "c.vcf"}) EXPECT_NE(mount_.errors().find(name), std::string::npos) << name;
}

TEST_P(PosixTable, ScratchAndEmptyFilesStayHere) {
  for (const char* name : {".x", "x~", "x.tmp", "x.part", "x.swp", "4913", ".x.eml.Ab12Cd", "empty.eml"})
    EXPECT_EQ(write_file(at(name), std::string_view{name} == "empty.eml" ? "" : mail("x")), 0) << name;
  EXPECT_EQ(make_directory(at(".dir")), 0);
  EXPECT_EQ(names().size(), 9u);
  if (GetParam() == std::string_view{"file"}) {
    EXPECT_EQ(testing::run("ls " + testing::shell_word(sandbox_ / "medium")).output, "");
  }
  EXPECT_EQ(xattr(at(".x"), "user.mapi.class"), std::nullopt);
  EXPECT_EQ(move(at(".x.eml.Ab12Cd"), at("x.eml")), 0);
  EXPECT_EQ(xattr(at("x.eml"), "user.mapi.class"), "IPM.Note") << "the rename saves";
  EXPECT_EQ(testing::append_file(at("empty.eml"), mail("late")), 0);
  EXPECT_EQ(xattr(at("empty.eml"), "user.mapi.class"), "IPM.Note");
  EXPECT_EQ(write_file(at("empty.txt"), "") + write_file(at("empty.pdf"), ""), 0);
  EXPECT_EQ(xattr(at("empty.txt"), "user.mapi.class"), "IPM.StickyNote");
}

TEST_P(PosixTable, WritingReplacesAndReadingLeavesAlone) {
  put("a.eml");
  const struct stat before = stat_of(at("a.eml"));
  EXPECT_EQ(bytes("a.eml"), mail("a.eml"));
  EXPECT_EQ(xattr(at("a.eml"), "user.mapi.read"), "0");
  EXPECT_EQ(stat_of(at("a.eml")).st_ctim.tv_nsec, before.st_ctim.tv_nsec);
  if (GetParam() == std::string_view{"file"}) {
    const Handle old{sandbox_ / "medium/a.eml", O_RDONLY};
    ASSERT_EQ(write_file(at("a.eml"), mail("new")), 0);
    EXPECT_EQ(old.read(), mail("a.eml")) << "written in place";
    EXPECT_EQ(read_file(sandbox_ / "medium/a.eml"), mail("new"));
  }
  EXPECT_EQ(stat_of(at("a.eml")).st_ino, before.st_ino);
}

TEST_P(PosixTable, UnlinkAndRename) {
  put("a.eml");
  put("b.eml");
  const ino_t inode = stat_of(at("a.eml")).st_ino;
  ASSERT_EQ(remove_name(at("a.eml")), 0);
  EXPECT_EQ(testing::names_in(trash("")), Names{"a.eml"});
  ASSERT_EQ(move(trash("a.eml"), at("a.eml")), 0);
  EXPECT_EQ(stat_of(at("a.eml")).st_ino, inode);
  ASSERT_EQ(make_directory(at("d")), 0);
  ASSERT_EQ(move(at("a.eml"), at("d/c.eml")), 0);
  ASSERT_EQ(move(at("d/c.eml"), at("b.eml")), 0) << "over a message";
  EXPECT_EQ(names(), (Names{"b.eml", "d"}));
  EXPECT_EQ(stat_of(at("b.eml")).st_ino, inode);
  EXPECT_EQ(bytes("b.eml"), mail("a.eml"));
}

TEST_P(PosixTable, AttributesAndTimes) {
  put("a.eml");
  EXPECT_EQ(set_xattr(at("a.eml"), "user.mapi.PidTagSubject", "other"), 0) << mount_.errors();
  EXPECT_NE(bytes("a.eml").find("Subject: other"), std::string::npos);
  EXPECT_EQ(set_xattr(at("a.eml"), "user.mapi.fmid", "1"), EPERM);
  EXPECT_EQ(set_xattr(at("a.eml"), "user.anything", "kept"), 0);
  EXPECT_EQ(xattr(at("a.eml"), "user.anything"), "kept");
  EXPECT_EQ(testing::remove_xattr(at("a.eml"), "user.anything"), 0);
  EXPECT_EQ(testing::remove_xattr(at("a.eml"), "user.anything"), ENODATA);
  // Before the first close it becomes the date of the new message.
  Handle file{at("b.eml"), O_WRONLY | O_CREAT};
  ASSERT_EQ(file.write(mail("b")), 0);
  const timespec times[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  ASSERT_EQ(error_of(::futimens(file.get(), times)), 0);
  ASSERT_EQ(file.close(), 0);
  EXPECT_EQ(stat_of(at("b.eml")).st_mtim.tv_sec, 1'000'000'000);
  if (GetParam() == std::string_view{"file"}) {
    EXPECT_EQ(stat_of(sandbox_ / "medium/b.eml").st_mtim.tv_sec, 1'000'000'000);
    const mode_t mode = stat_of(sandbox_ / "medium/b.eml").st_mode;
    ASSERT_EQ(change_mode(at("b.eml"), 0751), 0);
    EXPECT_EQ(stat_of(sandbox_ / "medium/b.eml").st_mode, mode) << "deviation: modes are kept in the index";
  }
}

TEST_P(PosixTable, AnyFileIsADocument) {
  std::string bytes_of_it;
  for (int i = 0; i < 5000; ++i) bytes_of_it += static_cast<char>(i * 31);
  for (const char* name : {"a.pdf", "b.docx", "no extension"}) {
    ASSERT_EQ(write_file(at(name), bytes_of_it), 0) << name;
    EXPECT_EQ(bytes(name), bytes_of_it);
    EXPECT_TRUE(xattr(at(name), "user.mapi.class").value_or("").starts_with("IPM.Document")) << name;
  }
}

TEST_P(PosixTable, MappingsAreSaved) {
  std::string wanted(9000, 'a');
  ASSERT_EQ(write_file(at("a.txt"), wanted), 0);
  wanted.back() = 'z';
  {
    const Handle file{at("a.txt"), O_RDWR};
    void* const map = ::mmap(nullptr, 9000, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    ASSERT_NE(map, MAP_FAILED);
    static_cast<char*>(map)[8999] = 'z';
    ASSERT_EQ(::munmap(map, 9000), 0);
  }
  EXPECT_TRUE(testing::eventually([&] { return bytes("a.txt") == wanted; }));
}

TEST(PosixQuota, TakesNothingByHalf) {
  const Sandbox sandbox;
  const testing::TempMount mount{sandbox, "memory://small?quota=20000"};
  ASSERT_EQ(write_file(mount / "a.bin", std::string(15000, 'a')), 0);
  EXPECT_EQ(write_file(mount / "b.bin", std::string(15000, 'b')), EDQUOT);
  EXPECT_EQ(write_file(mount / "a.bin", std::string(25000, 'c')), EDQUOT);
  EXPECT_EQ(testing::names_in(mount.path()), Names{"a.bin"});
  EXPECT_EQ(read_file(mount / "a.bin"), std::string(15000, 'a'));
  EXPECT_EQ(write_file(mount / "a.bin", std::string(20000, 'd')), 0);
}

}  // namespace
}  // namespace mapistore::mount_tests::posix_table_test
