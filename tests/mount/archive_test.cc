// An archive in a mount: large documents, several mounts, encryption, media that cannot be written to.
#include <fcntl.h>
#include <sys/mount.h>
#include <sysexits.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/mount/corpus.h"
#include "tests/support/memory.h"

namespace mapistore::mount_tests::archive_test {
namespace {

using testing::eventually;
using testing::memory_limit;
using testing::most_resident;
using testing::names_in;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::TempMount;
using testing::write_file;
using Names = std::vector<std::string>;
using namespace std::chrono_literals;

class ArchiveMount : public ::testing::Test {
 protected:
  std::string profile(const std::string& uri, const std::string& more) {
    const std::string path = (sandbox_ / "one.toml").native();
    EXPECT_EQ(write_file(path, "[folders.A]\nuri = \"" + uri + "\"\n" + more), 0);
    return path;
  }
  std::string mounting(const std::string& source, const std::string& at) {
    sandbox_.make_directory(at);
    return sandbox_.program() + " " + shell_word(source) + " " + shell_word(sandbox_ / at);
  }

  Sandbox sandbox_;
};

TEST_F(ArchiveMount, ALargeDocumentIsNeverHeldWhole) {
  const std::string uri = make_medium(sandbox_, "archive");
  TempMount mount{sandbox_, uri};
  // Mostly holes, so that the test is about the stream and not about the disk.
  constexpr off_t size = 400'012'345;
  const auto source = sandbox_ / "huge.bin";
  const int fd = ::open(source.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(::ftruncate(fd, size), 0);
  for (off_t at = 0; at < size; at += 50'000'000) ASSERT_EQ(::pwrite(fd, "something", 9, at + 17), 9);
  ::close(fd);
  ASSERT_EQ(run("cp " + shell_word(source) + " " + shell_word(mount / "huge.bin"), 110s).code, 0) << mount.errors();
  EXPECT_LT(most_resident(mount.pid()), memory_limit(150 * 1024));
  EXPECT_LT(std::filesystem::file_size(sandbox_ / "medium/archive.mza"), 20'000'000u);
  const int read = ::open((mount / "huge.bin").c_str(), O_RDONLY | O_CLOEXEC);
  for (const off_t at : {off_t{17}, off_t{350'000'017}, off_t{200'000'017}}) {
    std::string bytes(9, '\0');
    ASSERT_EQ(::pread(read, bytes.data(), bytes.size(), at), 9);
    EXPECT_EQ(bytes, "something") << at;
  }
  ::close(read);
  ASSERT_TRUE(mount.remount());
  EXPECT_EQ(run("cmp " + shell_word(source) + " " + shell_word(mount / "huge.bin"), 110s).code, 0);
  EXPECT_LT(most_resident(mount.pid()), memory_limit(150 * 1024));
}

TEST_F(ArchiveMount, TwoMountsOfOneFileSeeEachOther) {
  const std::string uri = make_medium(sandbox_, "archive");
  const TempMount one{sandbox_, uri, {}, "one"};
  // An index of its own: as another user, or another machine, would have.
  Sandbox other_home;
  const TempMount two{other_home, uri, {}, "two"};
  ASSERT_EQ(write_file(one / "a.eml", mail("from one")), 0);
  EXPECT_TRUE(eventually([&] { return names_in(two.path()).size() == 1; }, 5s)) << two.errors();
  ASSERT_EQ(names_in(two.path()).size(), 1u);
  EXPECT_EQ(read_file(two / names_in(two.path())[0]), mail("from one"));
  ASSERT_EQ(write_file(two / "b.eml", mail("from two")), 0);
  EXPECT_TRUE(eventually([&] { return names_in(one.path()).size() == 2; }, 5s)) << one.errors();
  ASSERT_EQ(::unlink((one / "a.eml").c_str()), 0);
  EXPECT_TRUE(eventually([&] { return names_in(two.path()) == Names{"b.eml"}; }, 5s));
  EXPECT_EQ(one.errors() + two.errors(), "");
}

TEST_F(ArchiveMount, IsSealedByAPassphraseThatTheProfileNames) {
  const std::string uri = make_medium(sandbox_, "archive");
  ASSERT_EQ(write_file(sandbox_ / "password", "correct horse\n"), 0);
  ASSERT_EQ(::chmod((sandbox_ / "password").c_str(), 0600), 0);
  const std::string with = "password_file = \"" + (sandbox_ / "password").native() + "\"\n";
  {
    TempMount mount{sandbox_, profile(uri, "encryption = \"passphrase\"\n" + with)};
    ASSERT_EQ(write_file(mount / "A/secret.eml", mail("a secret subject")), 0);
    ASSERT_TRUE(mount.remount());
    EXPECT_EQ(read_file(mount / "A/secret.eml"), mail("a secret subject"));
  }
  EXPECT_EQ(run("grep -c 'secret subject' " + shell_word(sandbox_ / "medium/archive.mza")).output, "0\n");
  const auto wrong = run("MAPISTORE_PASSWORD=wrong " + mounting(uri, "wrong"));
  EXPECT_EQ(wrong.code, EX_NOPERM) << wrong.output;
  EXPECT_NE(wrong.output.find("the passphrase does not open this archive"), std::string::npos) << wrong.output;
  EXPECT_EQ(wrong.output.find("wrong\n"), std::string::npos);
}

TEST_F(ArchiveMount, WhatIsNoArchiveIsLeftAsItIs) {
  const std::string uri = make_medium(sandbox_, "archive");
  const auto file = sandbox_ / "medium/archive.mza";
  ASSERT_EQ(write_file(file, "My novel, chapter one.\n"), 0);
  const auto refused = run(mounting(uri, "mnt"));
  EXPECT_EQ(refused.code, EX_DATAERR) << refused.output;
  EXPECT_NE(refused.output.find("is no archive of mapistorefs"), std::string::npos) << refused.output;
  EXPECT_EQ(read_file(file), "My novel, chapter one.\n");
  EXPECT_EQ(names_in(sandbox_ / "medium"), Names{"archive.mza"});
}

TEST_F(ArchiveMount, IsReadWhereNothingCanBeWritten) {
  const std::string uri = make_medium(sandbox_, "archive");
  ASSERT_EQ(::mount("tmpfs", (sandbox_ / "medium").c_str(), "tmpfs", 0, "mode=755"), 0);
  {
    const TempMount mount{sandbox_, uri};
    ASSERT_EQ(write_file(mount / "a.eml", mail("a")), 0);
  }
  ASSERT_EQ(::mount("tmpfs", (sandbox_ / "medium").c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr), 0);
  const TempMount mount{sandbox_, uri};
  EXPECT_EQ(read_file(mount / "a.eml"), mail("a"));
  EXPECT_EQ(write_file(mount / "b.eml", mail("b")), EROFS);
  EXPECT_EQ(names_in(sandbox_ / "medium"), Names{"archive.mza"});
}

TEST_F(ArchiveMount, ADamagedMessageIsAnInputOutputErrorAndTheOthersAreNot) {
  const std::string uri = make_medium(sandbox_, "archive");
  const std::string text = "Unmistakable " + std::string(reinterpret_cast<const char*>("\x81\x92\xa3\xb4"), 4) + "\n";
  {
    const TempMount mount{sandbox_, uri};
    ASSERT_EQ(write_file(mount / "good.eml", mail("good")), 0);
    ASSERT_EQ(write_file(mount / "bad.eml", mail("bad", text)), 0);
  }
  ASSERT_EQ(
      run("cd " + shell_word(sandbox_ / "medium") +
          " && python3 - <<'END'\n"
          "import sqlite3\n"
          "db = sqlite3.connect('archive.mza')\n"
          "row, frame = db.execute(\"SELECT c.id, c.frame FROM content c JOIN mail m JOIN message x ON x.id = m.id"
          " AND x.content = c.id WHERE m.subject = 'bad'\").fetchone()\n"
          "db.execute('UPDATE content SET frame = ? WHERE id = ?', (frame[:20] + b'XXXX' + frame[24:], row))\n"
          "db.commit()\n"
          "END")
          .code,
      0);
  const TempMount mount{sandbox_, uri};
  EXPECT_EQ(read_file(mount / "good.eml"), mail("good"));
  const auto read = run("cat " + shell_word(mount / "bad.eml"));
  EXPECT_NE(read.code, 0);
  EXPECT_NE(read.output.find("Input/output error"), std::string::npos) << read.output;
  EXPECT_NE(mount.errors().find("its data in the archive are damaged"), std::string::npos) << mount.errors();
}

}  // namespace
}  // namespace mapistore::mount_tests::archive_test
