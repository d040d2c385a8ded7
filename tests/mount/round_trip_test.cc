// Whole trees in and out, by the tools that people use.
#include <gtest/gtest.h>

#include "tests/mount/corpus.h"

namespace mapistore::mount_tests::round_trip_test {
namespace {

using testing::Outcome;
using testing::shell_word;
using testing::run;
using testing::TempMount;
using namespace std::chrono_literals;

class RoundTrip : public ::testing::Test {
 protected:
  /// Expects `command` to succeed and to print `output`.
  void expect(const std::string& command, const std::string& output = {}) {
    const Outcome outcome = run("cd " + shell_word(sandbox_.path()) + " && " + command, 100s);
    EXPECT_EQ(outcome.code, 0) << command;
    EXPECT_EQ(outcome.output.substr(0, 2000), output.substr(0, 2000)) << command;
  }
  std::string output_of(const std::string& command) {
    return run("cd " + shell_word(sandbox_.path()) + " && " + command, 100s).output;
  }

  void copy_in_and_out(TempMount& mount, const std::string& top) {
    const std::string copied = "mnt" + top + "/copied", synced = "mnt" + top + "/synced";
    expect("cp -r in " + copied);
    expect("rsync -a in/ " + synced + "/");
    expect("rsync -ai in/ " + synced + "/");
    expect("diff -r in " + copied);
    expect("diff -r in " + synced);

    expect("mkdir out && rsync -a " + synced + "/ out/rsync/");
    expect("rsync -ai " + synced + "/ out/rsync/");
    expect("tar cf out/all.tar -C " + synced + " . && mkdir out/tar && tar xf out/all.tar -C out/tar");
    expect("cp -r " + copied + " out/cp && cp -a " + synced + " out/cp_a");
    for (const char* way : {"rsync", "tar", "cp", "cp_a"}) expect(std::string("diff -r in out/") + way);
    expect("rsync -ai in/ out/tar/");
    expect("rsync -ai in/ out/cp_a/");

    for (const char* pattern : {"'^Subject: Re'", "-i linux", "BEGIN:V", "zzz-not-there"}) {
      const std::string grep = std::string(" && { grep -rc ") + pattern + " . | LC_ALL=C sort; }";
      EXPECT_EQ(output_of("cd in" + grep), output_of("cd " + synced + grep)) << pattern;
    }

    const std::string find = "find mnt -printf '%P %i %s %T@ %m\\n' | LC_ALL=C sort";
    const std::string before = output_of(find);
    ASSERT_TRUE(mount.remount());
    EXPECT_TRUE(before == output_of(find)) << "names, inode numbers, sizes or times changed with a remount:\n"
                                           << output_of(find + " | head -3") << before.substr(0, 300);
    expect("rsync -ai in/ " + synced + "/");
    expect("diff -r in " + copied);
    EXPECT_EQ(mount.errors(), "");
  }

  Sandbox sandbox_;
};

TEST_F(RoundTrip, FilesOfAllKinds) {
  unpack_corpus(sandbox_, true);
  TempMount mount{sandbox_, make_medium(sandbox_, "file")};
  copy_in_and_out(mount, "");
  // The medium is a tree that people can read: the same names and bytes.
  expect("diff -r in medium/synced");
}

TEST_F(RoundTrip, MailsIntoMaildir) {
  unpack_corpus(sandbox_, false);
  TempMount mount{sandbox_, make_medium(sandbox_, "maildir")};
  copy_in_and_out(mount, "");
}

TEST_F(RoundTrip, FilesOfAllKindsIntoAnArchive) {
  unpack_corpus(sandbox_, true);
  // A sixth of them: each is on the disk before the next is copied.
  run("cd " + shell_word(sandbox_ / "in") +
      " && find . -type f | LC_ALL=C sort | awk 'NR % 6' | tr '\\n' '\\0' | xargs -0 rm");
  run("cd " + shell_word(sandbox_ / "in") + " && mkdir some && mv mail/*1.eml some && rm -r mail && mv some mail");
  TempMount mount{sandbox_, make_medium(sandbox_, "archive")};
  copy_in_and_out(mount, "");
  // What is in the mount twice is in the archive once.
  expect("sqlite3 medium/archive.mza 'SELECT sum(uses) >= 2 * count(*) FROM content WHERE kind = 0'", "1\n");
}

TEST_F(RoundTrip, EverythingThroughAProfile) {
  unpack_corpus(sandbox_, true);
  run("cd " + shell_word(sandbox_ / "in") + " && mkdir some && mv mail/*1.eml some && rm -r mail && mv some mail");
  sandbox_.make_directory("config/mapistorefs");
  testing::write_file(sandbox_ / "config/mapistorefs/work.toml",
                      "[folders.Files]\nuri = \"" + make_medium(sandbox_, "file", "files") +
                          "\"\n[folders.Mail]\nuri = \"" + make_medium(sandbox_, "maildir", "mails") +
                          "\"\nrole = \"mail\"\n[folders.Memory]\nuri = \"memory://round-trip\"\n");
  TempMount mount{sandbox_, "work"};
  EXPECT_EQ(testing::names_in(mount.path()), (std::vector<std::string>{"Files", "Mail", "Memory"}));
  // Between contexts mv copies: a folder goes all the way round.
  expect("cp -r in/ics mnt/Memory/ && mv mnt/Memory/ics mnt/Files/ && diff -r in/ics mnt/Files/ics && ls mnt/Memory");
  expect(
      "cp in/mail/*1.eml mnt/Mail/ && mkdir mnt/Files/some && mv mnt/Mail/*.eml mnt/Files/some/ && ls -I Trash "
      "mnt/Mail");
  expect("for f in mnt/Files/some/*; do cmp $f in/mail/${f##*/}; done");
  expect("rm -r mnt/Files/ics mnt/Files/some");
  copy_in_and_out(mount, "/Files");
}

}  // namespace
}  // namespace mapistore::mount_tests::round_trip_test
