// Saves into a medium whose disk is full: what the caller is told, what the errors say, and where the bytes are.
#include <sys/mount.h>

#include <fstream>
#include <optional>

#include <gmock/gmock.h>

#include "tests/mount/corpus.h"

namespace mapistore::mount_tests::full_disk_save_test {
namespace {

using ::testing::HasSubstr;
using testing::read_file;
using testing::TempMount;
using testing::write_file;

/// A store with the folders Notes, on a small disk of its own, and Other, with room.
class FullDiskSave : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto notes = sandbox_.make_directory("notes"), other = sandbox_.make_directory("other");
    ASSERT_EQ(::mount("tmpfs", notes.c_str(), "tmpfs", 0, "size=1m,mode=755"), 0);
    const auto profile = sandbox_ / "store.toml";
    ASSERT_EQ(write_file(profile, "[folders.Notes]\nuri = \"file://" + notes.native() +
                                      "\"\n[folders.Other]\nuri = \"file://" + other.native() + "\"\n"),
              0);
    mount_.emplace(sandbox_, profile.native());
  }
  void fill() const {
    std::ofstream file{sandbox_ / "notes/large.bin"};
    while (file << std::string(4096, 'x') << std::flush) continue;
  }
  void make_room() const { std::filesystem::remove(sandbox_ / "notes/large.bin"); }
  std::string last_error() const {
    const std::string errors = mount_->errors();
    const std::size_t end = errors.find_last_not_of('\n');
    return end == std::string::npos ? "" : errors.substr(errors.rfind('\n', end) + 1);
  }

  testing::Sandbox sandbox_;
  std::optional<TempMount> mount_;
};

TEST_F(FullDiskSave, TheErrorNamesTheMessageAndTheWayOut) {
  ASSERT_EQ(::mkdir((*mount_ / "Notes/Plans").c_str(), 0755), 0);
  fill();
  EXPECT_EQ(write_file(*mount_ / "Notes/Plans/a.txt", "call Ravi\n"), ENOSPC);
  EXPECT_THAT(last_error(), HasSubstr(" no_space Notes/Plans/a.txt: could not be saved: "));
  EXPECT_THAT(last_error(), HasSubstr((sandbox_ / "notes").native()));
  EXPECT_THAT(last_error(), HasSubstr("make room there"));
  EXPECT_EQ(std::ranges::count(mount_->errors(), '\n'), 1) << mount_->errors();
  // Editors save by giving a scratch file its name.
  ASSERT_EQ(write_file(*mount_ / "Notes/.a.txt.new", "call Ravi\n"), 0);
  EXPECT_NE(::rename((*mount_ / "Notes/.a.txt.new").c_str(), (*mount_ / "Notes/a.txt").c_str()), 0);
  EXPECT_THAT(last_error(), HasSubstr(" no_space Notes/a.txt: could not be saved: "));
  make_room();
  EXPECT_EQ(::rename((*mount_ / "Notes/.a.txt.new").c_str(), (*mount_ / "Notes/a.txt").c_str()), 0);
  EXPECT_EQ(read_file(sandbox_ / "notes/a.txt"), "call Ravi\n");
}

/// `.mapistorefs/unsaved` is where what was refused can be seen, counted, copied back and removed.
TEST_F(FullDiskSave, WhatIsKeptIsCountedAndGoesWithItsRescue) {
  const auto unsaved = *mount_ / ".mapistorefs/unsaved";
  const auto in_unsaved = [&](const std::string& command) {
    return testing::run("cd " + testing::shell_word(unsaved) + " && " + command);
  };
  EXPECT_EQ(testing::names_in(unsaved).size(), 0u);
  EXPECT_THAT(mount_->status(), HasSubstr("\"left_unsaved\": {\n    \"files\": 0,\n    \"bytes\": 0\n  }"));
  fill();
  for (const char* name : {"a.txt", "b.txt", "c.txt", "d.txt"})
    EXPECT_EQ(write_file(*mount_ / "Notes" / name, std::string("text of ") + name), ENOSPC);
  EXPECT_EQ(testing::names_in(unsaved).size(), 4u);
  EXPECT_THAT(mount_->status(), HasSubstr("\"files\": 4,\n    \"bytes\": 52\n"));
  EXPECT_THAT(testing::run(sandbox_.control_program() + " status " + testing::shell_word(mount_->path())).output,
              HasSubstr("    4 files of 52 bytes that could not be saved: " + unsaved.native() + "\n"));
  EXPECT_EQ(in_unsaved("cat *-a.txt").output, "text of a.txt");
  EXPECT_EQ(in_unsaved("stat -c '%s %a' *-a.txt").output, "13 600\n");
  EXPECT_NE(in_unsaved("cp *-a.txt ../../Notes/a.txt").code, 0) << "there is no more room than before";
  EXPECT_EQ(testing::names_in(unsaved).size(), 5u) << "nothing is lost by another attempt";
  EXPECT_NE(write_file(unsaved / "new", "x"), 0);

  make_room();
  // Written anew by the program that knows the bytes; copied back; moved back; given up.
  ASSERT_EQ(write_file(*mount_ / "Notes/a.txt", "text of a.txt"), 0);
  EXPECT_THAT(testing::names_in(unsaved), ::testing::SizeIs(3)) << "both attempts are saved by that";
  EXPECT_EQ(in_unsaved("cp *-b.txt ../../Notes/b.txt").code, 0);
  EXPECT_THAT(testing::names_in(unsaved), ::testing::SizeIs(2));
  const auto moved = in_unsaved("mv *-c.txt ../../Notes/c.txt");
  EXPECT_EQ(moved.code, 0) << moved.output;
  EXPECT_THAT(testing::names_in(unsaved), ::testing::SizeIs(1));
  ASSERT_EQ(write_file(*mount_ / "Notes/d.txt", "other text"), 0);
  EXPECT_THAT(testing::names_in(unsaved), ::testing::SizeIs(1)) << "these bytes are nowhere else";
  EXPECT_EQ(in_unsaved("rm *-d.txt").code, 0);
  EXPECT_THAT(testing::names_in(unsaved), ::testing::SizeIs(0));
  EXPECT_THAT(mount_->status(), HasSubstr("\"files\": 0,\n    \"bytes\": 0\n"));
  for (const char* name : {"a.txt", "b.txt", "c.txt"})
    EXPECT_EQ(read_file(sandbox_ / "notes" / name), std::string("text of ") + name);
}

}  // namespace
}  // namespace mapistore::mount_tests::full_disk_save_test
