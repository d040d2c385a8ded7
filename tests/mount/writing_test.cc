// Rows of projection.md, section 5, about what is written: when it shows, when it is saved, when it is refused.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <future>

#include <gtest/gtest.h>

#include <mapistore/posix.h>
#include "tests/mount/corpus.h"

namespace mapistore::mount_tests::writing_test {
namespace {

using testing::append_file;
using testing::eventually;
using testing::is_there;
using testing::names_in;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::stat_of;
using testing::TempMount;
using testing::write_file;
using Names = std::vector<std::string>;

class Writing : public ::testing::Test {
 protected:
  testing::Outcome in_mount(const std::string& command) {
    return run("cd " + shell_word(mount_.path()) + " && " + command);
  }
  std::string medium(std::string_view name) const { return read_file(sandbox_ / "medium" / name).value_or("(none)"); }
  Names medium_names() const {
    Names names = names_in(sandbox_ / "medium");
    std::erase_if(names, [](const std::string& name) { return name.starts_with('.'); });
    return names;
  }

  Sandbox sandbox_;
  TempMount mount_{sandbox_, make_medium(sandbox_, "file")};
};

TEST_F(Writing, ShowsAfterCloseOnly) {
  const std::string bytes = mail("one");
  posix::UniqueFd file{::open((mount_ / "one.eml").c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600)};
  ASSERT_TRUE(file);
  ASSERT_EQ(::write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  EXPECT_EQ(names_in(mount_.path()), Names{});
  EXPECT_EQ(medium_names(), Names{});
  ASSERT_EQ(::fsync(file.get()), 0);
  EXPECT_EQ(names_in(mount_.path()), Names{"one.eml"});
  EXPECT_EQ(medium("one.eml"), bytes);
  ASSERT_EQ(::write(file.get(), "more\n", 5), 5);
  EXPECT_EQ(medium("one.eml"), bytes) << "saved before the close";
  file = posix::UniqueFd{};
  EXPECT_EQ(medium("one.eml"), bytes + "more\n");
  EXPECT_EQ(stat_of(mount_ / "one.eml").st_size, static_cast<off_t>(bytes.size() + 5));
}

TEST_F(Writing, RefusesTextThatIsNoMessage) {
  EXPECT_EQ(write_file(mount_ / "no.ics", "This is no calendar.\n"), EINVAL);
  EXPECT_FALSE(is_there(mount_ / "no.ics"));
  EXPECT_EQ(names_in(mount_.path()), Names{});
  EXPECT_EQ(medium_names(), Names{});
  EXPECT_NE(mount_.errors().find("no.ics"), std::string::npos) << mount_.errors();
  // The path named there holds the bytes.
  const auto kept = run("grep -rl 'This is no calendar' " + shell_word(sandbox_ / "state"));
  ASSERT_EQ(kept.code, 0);
  EXPECT_NE(mount_.errors().find(kept.output.substr(0, kept.output.find('\n'))), std::string::npos)
      << mount_.errors() << kept.output;
  EXPECT_NE(in_mount("cp /etc/hostname no.vcf").code, 0);
  EXPECT_FALSE(is_there(mount_ / "no.vcf"));
  // One line for each failure, though it passes through several hands.
  EXPECT_NE(in_mount("cp /etc/hostname .scratch && mv .scratch late.vcf").code, 0);
  const std::string errors = mount_.errors();
  EXPECT_EQ(std::ranges::count(errors, '\n'), 3) << errors;
  for (const char* name : {" no.ics: ", " no.vcf: ", " late.vcf: "})
    EXPECT_NE(errors.find(name), std::string::npos) << errors;
}

TEST_F(Writing, FailedEditLeavesWhatWas) {
  ASSERT_EQ(write_file(mount_ / "a.ics", event("a")), 0);
  EXPECT_EQ(write_file(mount_ / "a.ics", "no calendar"), EINVAL);
  EXPECT_EQ(read_file(mount_ / "a.ics"), event("a"));
  EXPECT_EQ(stat_of(mount_ / "a.ics").st_size, static_cast<off_t>(event("a").size()));
  EXPECT_EQ(write_file(mount_ / "a.ics", event("b")), 0) << mount_.errors();
  EXPECT_EQ(read_file(mount_ / "a.ics"), event("b"));
}

TEST_F(Writing, ARefusalIsToldToAllWhoseBytesItTook) {
  ASSERT_EQ(write_file(mount_ / "a.ics", event("a")), 0);
  const auto open_it = [&] { return ::open((mount_ / "a.ics").c_str(), O_WRONLY | O_CLOEXEC); };
  const auto close_it = [](int fd) { return ::close(fd) == 0 ? 0 : errno; };
  const int one = open_it(), other = open_it(), synced = open_it(), fixing = open_it();
  const int reading = ::open((mount_ / "a.ics").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(::ftruncate(one, 0), 0);
  for (const int each : {one, other, synced, fixing}) ASSERT_EQ(::pwrite(each, "no calendar", 11, 0), 11);
  EXPECT_EQ(close_it(one), EINVAL);
  const int later = open_it();
  EXPECT_EQ(close_it(other), EINVAL) << "its bytes are nowhere either";
  EXPECT_EQ(::fsync(synced) == 0 ? 0 : errno, EINVAL);
  EXPECT_EQ(::fsync(synced), 0) << "told once";
  EXPECT_EQ(::fsync(reading), 0) << "it has nothing to lose";
  EXPECT_EQ(close_it(reading), 0);
  EXPECT_EQ(close_it(synced), 0);
  EXPECT_EQ(close_it(later), 0) << "it has written nothing";
  // Who makes it good is told so.
  ASSERT_EQ(::pwrite(fixing, event("a").data(), 2, 0), 2);
  EXPECT_EQ(close_it(fixing), 0) << mount_.errors();
  EXPECT_EQ(read_file(mount_ / "a.ics"), event("a"));
}

TEST_F(Writing, WhatWasRefusedIsNoBaseForTheNextEdit) {
  ASSERT_EQ(write_file(mount_ / "a.ics", event("a")), 0);
  // The daemon may still be ending the refused edit when the next one begins.
  for (int round = 0; round < 20; ++round) {
    EXPECT_EQ(write_file(mount_ / "a.ics", "no calendar"), EINVAL);
    ASSERT_EQ(append_file(mount_ / "a.ics", "X-ROUND:" + std::to_string(round) + "\r\n"), 0) << mount_.errors();
  }
  const std::string now = read_file(mount_ / "a.ics").value_or("");
  EXPECT_TRUE(now.starts_with(event("a"))) << now;
  EXPECT_EQ(std::ranges::count(now, '\n'), std::ranges::count(event("a"), '\n') + 20) << now;
  EXPECT_EQ(in_mount("ls .mapistorefs/trash/* | wc -l").output, "0\n") << "no edit deletes";
}

TEST_F(Writing, ScratchNamesStayLocal) {
  const Names scratch{".hidden",    ".one.eml.Ab12Cd", "4913",    "a.eml~",   "down.eml.part", "some.tmp",
                      ".a.eml.swp", "b.swp",           "#a.eml#", "~$a.docx", ".~lock.a.odt#"};
  for (const std::string& name : scratch) EXPECT_EQ(write_file(mount_ / name, "scratch " + name), 0) << name;
  ASSERT_EQ(in_mount("mkdir -p .git/objects && echo blob > .git/objects/12 && echo main > .git/HEAD").code, 0);
  const auto check = [&](const char* when) {
    for (const std::string& name : scratch) EXPECT_EQ(read_file(mount_ / name), "scratch " + name) << when;
    EXPECT_EQ(names_in(mount_.path()).size(), scratch.size() + 1) << when;
    EXPECT_EQ(read_file(mount_ / ".git/objects/12"), "blob\n") << when;
    EXPECT_EQ(
        run("cd " + shell_word(sandbox_ / "medium") + " && find . -path ./.mapistore -prune -o -type f -print").output,
        "")
        << when;
  };
  check("at once");
  ASSERT_TRUE(mount_.remount());
  check("after a remount");
  mount_.kill9();
  ASSERT_EQ(mount_.start().code, 0);
  check("after a crash");
  for (const auto& [from, to] : {std::pair{".one.eml.Ab12Cd", "one.eml"}, std::pair{"some.tmp", "some.txt"}}) {
    const ino_t inode = stat_of(mount_ / from).st_ino;
    ASSERT_EQ(::rename((mount_ / from).c_str(), (mount_ / to).c_str()), 0) << to;
    EXPECT_FALSE(is_there(mount_ / from));
    EXPECT_EQ(medium(to), std::string("scratch ") + from);
    EXPECT_EQ(read_file(mount_ / to), std::string("scratch ") + from);
    EXPECT_EQ(stat_of(mount_ / to).st_ino, inode);
  }
  EXPECT_EQ(in_mount("rm -r .git b.swp && ls -A | wc -l").output, std::to_string(scratch.size() - 1) + "\n");
}

TEST_F(Writing, EmptyFilesWaitForBytes) {
  ASSERT_EQ(in_mount("touch a.eml b.ics").code, 0);
  EXPECT_EQ(names_in(mount_.path()), (Names{"a.eml", "b.ics"}));
  EXPECT_EQ(medium_names(), Names{});
  ASSERT_TRUE(mount_.remount());
  EXPECT_EQ(names_in(mount_.path()), (Names{"a.eml", "b.ics"}));
  EXPECT_EQ(read_file(mount_ / "a.eml"), "");
  EXPECT_EQ(append_file(mount_ / "a.eml", mail("a")), 0);
  EXPECT_EQ(medium("a.eml"), mail("a"));
  EXPECT_EQ(write_file(mount_ / "b.ics", event("b")), 0);
  EXPECT_EQ(medium("b.ics"), event("b"));
  ASSERT_EQ(in_mount("touch note.txt paper.pdf").code, 0) << "an empty note or document is one";
  EXPECT_EQ(medium("note.txt") + medium("paper.pdf"), "");
  ASSERT_EQ(in_mount("touch c.eml && rm c.eml && ls").output, "a.eml\nb.ics\nnote.txt\npaper.pdf\n");
}

TEST_F(Writing, ShellRedirections) {
  ASSERT_EQ(in_mount("echo x > new.eml").code, 0);
  EXPECT_EQ(medium("new.eml"), "x\n");
  const ino_t inode = stat_of(mount_ / "new.eml").st_ino;
  ASSERT_EQ(in_mount("echo y >> new.eml && { echo z; echo zz; } >> new.eml && cat new.eml").output, "x\ny\nz\nzz\n");
  EXPECT_EQ(medium("new.eml"), "x\ny\nz\nzz\n");
  ASSERT_EQ(in_mount("echo again > new.eml && cat new.eml").output, "again\n");
  EXPECT_EQ(medium("new.eml"), "again\n");
  ASSERT_EQ(in_mount("(echo 1; sleep 0.3; echo 2) > new.eml; cat new.eml").output, "1\n2\n");
  EXPECT_EQ(medium("new.eml"), "1\n2\n");
  EXPECT_EQ(stat_of(mount_ / "new.eml").st_ino, inode);
  EXPECT_EQ(medium_names(), Names{"new.eml"});
  ASSERT_EQ(in_mount("echo 'Subject: s' > n.eml; sed -i s/s$/t/ n.eml; cat n.eml").output, "Subject: t\n");
  EXPECT_EQ(medium("n.eml"), "Subject: t\n");
}

TEST_F(Writing, TruncatedAndLeftSo) {
  ASSERT_EQ(write_file(mount_ / "a.eml", mail("a")), 0);
  ASSERT_EQ(in_mount("> a.eml && cat a.eml && stat -c %s a.eml").output, "0\n");
  ASSERT_TRUE(eventually([&] { return !is_there(sandbox_ / "medium/a.eml"); })) << medium("a.eml");
  EXPECT_EQ(in_mount("cat .mapistorefs/trash/root/a.eml").output, mail("a")) << "what it held is in the trash";
  ASSERT_TRUE(mount_.remount());
  EXPECT_EQ(read_file(mount_ / "a.eml"), "");
  ASSERT_EQ(append_file(mount_ / "a.eml", mail("b")), 0);
  EXPECT_EQ(medium("a.eml"), mail("b"));
}

TEST_F(Writing, EditorsSave) {
  ASSERT_EQ(write_file(mount_ / "v.eml", mail("v")), 0);
  // As vim does with backupcopy=no: a probe, the old one renamed away, a new one, the old one removed.
  ASSERT_EQ(in_mount("touch 4913 && rm 4913 && mv v.eml v.eml~ && printf 'Subject: w\\n\\nw\\n' > v.eml && "
                     "sync v.eml && rm v.eml~ && ls -A")
                .output,
            "v.eml\n");
  EXPECT_EQ(medium("v.eml"), "Subject: w\n\nw\n");
  // As with backupcopy=yes: a copy aside, then written in place.
  ASSERT_EQ(in_mount("cp -p v.eml v.eml~ && printf 'Subject: x\\n\\nx\\n' > v.eml && rm v.eml~ && ls -A").output,
            "v.eml\n");
  EXPECT_EQ(medium("v.eml"), "Subject: x\n\nx\n");
  // As many others: a temporary file renamed over.
  ASSERT_EQ(in_mount("printf 'Subject: y\\n\\ny\\n' > .v.eml.new && mv .v.eml.new v.eml && ls -A").output, "v.eml\n");
  EXPECT_EQ(medium("v.eml"), "Subject: y\n\ny\n");
  EXPECT_EQ(read_file(mount_ / "v.eml"), "Subject: y\n\ny\n");
  ASSERT_TRUE(mount_.remount());
  EXPECT_EQ(read_file(mount_ / "v.eml"), "Subject: y\n\ny\n");
  EXPECT_EQ(names_in(mount_.path()), Names{"v.eml"});
}

TEST_F(Writing, ReadingChangesNothing) {
  for (int i = 0; i < 20; ++i)
    ASSERT_EQ(write_file(mount_ / ("m" + std::to_string(i) + ".eml"), mail("m" + std::to_string(i))), 0);
  const std::string tree =
      "cd " + shell_word(sandbox_ / "medium") +
      " && find . -printf '%P %i %s %T@ %C@ %m\\n' | sort; find . -type f | sort | xargs sha256sum";
  const auto before = run(tree).output;
  ASSERT_EQ(in_mount("cat *.eml >/dev/null && grep -r Hello . >/dev/null && tar c . >/dev/null && "
                     "find . -ls >/dev/null && getfattr -d m1.eml && sha256sum *.eml >/dev/null")
                .code,
            0);
  ASSERT_TRUE(mount_.remount());
  ASSERT_EQ(in_mount("cat *.eml >/dev/null").code, 0);
  EXPECT_EQ(before, run(tree).output);
}

TEST_F(Writing, MapsAllocatesAndTruncates) {
  ASSERT_EQ(write_file(mount_ / "a.txt", std::string(10000, 'a')), 0);
  {
    const posix::UniqueFd file{::open((mount_ / "a.txt").c_str(), O_RDWR)};
    ASSERT_TRUE(file);
    auto* bytes = static_cast<char*>(::mmap(nullptr, 10000, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0));
    ASSERT_NE(bytes, MAP_FAILED) << errno;
    EXPECT_EQ(bytes[9999], 'a');
    bytes[0] = 'B';
    bytes[5000] = 'B';
    EXPECT_EQ(::msync(bytes, 10000, MS_SYNC), 0);
    EXPECT_EQ(::munmap(bytes, 10000), 0);
  }
  std::string wanted(10000, 'a');
  wanted[0] = wanted[5000] = 'B';
  EXPECT_TRUE(eventually([&] { return medium("a.txt") == wanted; }));
  EXPECT_EQ(read_file(mount_ / "a.txt"), wanted);
  EXPECT_EQ(in_mount("truncate -s 5 a.txt && cat a.txt").output, "Baaaa");
  EXPECT_EQ(medium("a.txt"), "Baaaa");
  EXPECT_EQ(in_mount("truncate -s 8 a.txt && od -An -c a.txt | tr -d ' '").output, "Baaaa\\0\\0\\0\n");
  {
    const posix::UniqueFd file{::open((mount_ / "b.bin").c_str(), O_RDWR | O_CREAT | O_EXCL, 0600)};
    ASSERT_TRUE(file);
    EXPECT_EQ(::fallocate(file.get(), 0, 0, 4096), 0);
    EXPECT_EQ(::pwrite(file.get(), "end", 3, 100000), 3);
    char back[4] = {};
    EXPECT_EQ(::pread(file.get(), back, 3, 100000), 3);
    EXPECT_STREQ(back, "end");
    EXPECT_EQ(::lseek(file.get(), 0, SEEK_END), 100003);
    EXPECT_GE(::lseek(file.get(), 8192, SEEK_DATA), 8192);
  }
  EXPECT_EQ(medium("b.bin").size(), 100003u);
  const auto locked = in_mount("exec 9<a.txt; flock -n 9 && ! flock -n a.txt true && echo held");
  EXPECT_EQ(locked.output, "held\n");
  EXPECT_EQ(run("python3 -c 'import fcntl,sys; fcntl.lockf(open(sys.argv[1],\"r+\"), fcntl.LOCK_EX|fcntl.LOCK_NB)' " +
                shell_word(mount_ / "a.txt"))
                .code,
            0);
}

TEST_F(Writing, AppendersOfOneFileLoseNothing) {
  ASSERT_EQ(in_mount("for i in 1 2 3 4; do (for n in 1 2 3 4 5 6 7 8 9; do echo line; done >> log.txt) & done; wait; "
                     "wc -l < log.txt")
                .output,
            "36\n");
}

TEST_F(Writing, AnyFileComesBackAsItIs) {
  std::string bytes;
  for (unsigned i = 0; i < 300'000; ++i) bytes += static_cast<char>(i * 7919 >> 3);
  for (const char* name : {"paper.pdf", "letter.docx", "no extension", "r\xc3\xa9sum\xc3\xa9.odt", "a b&c;d.eml"}) {
    EXPECT_EQ(write_file(mount_ / name, bytes), 0) << name;
    EXPECT_TRUE(read_file(mount_ / name) == bytes) << name;
    EXPECT_TRUE(medium(name) == bytes) << name;
  }
  EXPECT_EQ(names_in(mount_.path()).size(), 5u);
}

TEST_F(Writing, UnlinkedFileStaysReadable) {
  ASSERT_EQ(write_file(mount_ / "a.eml", mail("a")), 0);
  const auto inode = stat_of(mount_ / "a.eml").st_ino;
  posix::UniqueFd file{::open((mount_ / "a.eml").c_str(), O_RDONLY)};
  posix::UniqueFd written{::open((mount_ / "t.eml").c_str(), O_RDWR | O_CREAT, 0600)};
  ASSERT_TRUE(file && written);
  ASSERT_EQ(::unlink((mount_ / "a.eml").c_str()), 0);
  ASSERT_EQ(::unlink((mount_ / "t.eml").c_str()), 0);
  ASSERT_EQ(write_file(mount_ / "a.eml", mail("b")), 0);
  std::string back(mail("a").size(), '\0');
  EXPECT_EQ(::pread(file.get(), back.data(), back.size(), 0), static_cast<ssize_t>(back.size()));
  EXPECT_EQ(back, mail("a"));
  struct stat status{};
  EXPECT_EQ(::fstat(file.get(), &status), 0);
  EXPECT_EQ(status.st_ino, inode);
  EXPECT_EQ(::pwrite(written.get(), "hello", 5, 0), 5);
  EXPECT_EQ(::pread(written.get(), back.data(), 5, 0), 5);
  EXPECT_EQ(back.substr(0, 5), "hello");
  EXPECT_EQ(::fstat(written.get(), &status), 0);
  EXPECT_EQ(status.st_size, 5);
  written = posix::UniqueFd{};
  EXPECT_EQ(names_in(mount_.path()), Names{"a.eml"});
  EXPECT_EQ(medium_names(), Names{"a.eml"});
}

class FailingSave : public ::testing::Test {
 protected:
  void plan(const std::string& text) { write_file(sandbox_ / "faults", text); }
  Sandbox sandbox_;
};

TEST_F(FailingSave, IsTheErrorOfCloseAndKeepsTheBytes) {
  plan("");
  TempMount mount{sandbox_, "memory://failing?faults=" + (sandbox_ / "faults").native()};
  ASSERT_EQ(write_file(mount / "old.eml", mail("old")), 0);
  const struct {
    const char* word;
    int error;
  } cases[] = {{"no_space", ENOSPC}, {"quota_exceeded", EDQUOT},           {"access_denied", EACCES},
               {"io", EIO},          {"connection_refused", ECONNREFUSED}, {"timed_out", ETIMEDOUT}};
  for (const auto& [word, error] : cases) {
    plan(std::string("save * fail ") + word + " # " + word + "\n");
    const std::string name = std::string(word) + ".eml";
    EXPECT_EQ(write_file(mount / name, mail(word)), error) << word;
    EXPECT_FALSE(is_there(mount / name));
    EXPECT_EQ(names_in(mount.path()), Names{"old.eml"});
    EXPECT_NE(mount.errors().find(name), std::string::npos) << mount.errors();
    EXPECT_EQ(run("grep -rqs 'Subject: " + std::string(word) + "' " + shell_word(sandbox_ / "state")).code, 0) << word;

    EXPECT_EQ(write_file(mount / "old.eml", mail("new")), error) << word;
    EXPECT_EQ(read_file(mount / "old.eml"), mail("old")) << word;
    EXPECT_EQ(write_file(mount / ".t.tmp", mail("t")), 0) << "scratch needs no medium";
    EXPECT_NE(::rename((mount / ".t.tmp").c_str(), (mount / "t.eml").c_str()), 0) << word;
    EXPECT_EQ(errno, error) << word;
    EXPECT_EQ(read_file(mount / ".t.tmp"), mail("t"));
    EXPECT_EQ(::unlink((mount / ".t.tmp").c_str()), 0);

    posix::UniqueFd file{::open((mount / "synced.eml").c_str(), O_WRONLY | O_CREAT, 0600)};
    ASSERT_EQ(::write(file.get(), "x", 1), 1);
    EXPECT_EQ(::fsync(file.get()), -1);
    EXPECT_EQ(errno, error) << word;
  }
  plan("");
  EXPECT_EQ(write_file(mount / "old.eml", mail("new")), 0);
  EXPECT_EQ(read_file(mount / "old.eml"), mail("new"));
  EXPECT_EQ(names_in(mount.path()), Names{"old.eml"});
}

TEST_F(FailingSave, IsToldAgainToWhoGoesOnWriting) {
  TempMount mount{sandbox_, "memory://failing?faults=" + (sandbox_ / "faults").native()};
  plan("save * fail io\n");
  const int file = ::open((mount / "new.eml").c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_EQ(::write(file, "Subject: a\n\n", 12), 12);
  EXPECT_EQ(::fsync(file), -1);
  ASSERT_EQ(::write(file, "later\n", 6), 6);
  EXPECT_EQ(::fsync(file), -1) << "what is written later has no file either";
  EXPECT_EQ(errno, EIO);
  ASSERT_EQ(::write(file, "last\n", 5), 5);
  EXPECT_EQ(::close(file), -1);
  EXPECT_EQ(run("grep -rqs last " + shell_word(sandbox_ / "state")).code, 0) << "and is kept with the rest";
}

TEST_F(FailingSave, IsForgottenOnceTheFileIsRemoved) {
  plan("");
  TempMount mount{sandbox_, "memory://failing?faults=" + (sandbox_ / "faults").native()};
  ASSERT_EQ(write_file(mount / "old.eml", mail("old")), 0);
  plan("save * fail io\n");
  const int file = ::open((mount / "old.eml").c_str(), O_WRONLY | O_APPEND);
  ASSERT_EQ(::write(file, "more\n", 5), 5);
  EXPECT_EQ(::fsync(file), -1);
  ASSERT_EQ(::unlink((mount / "old.eml").c_str()), 0);
  ASSERT_EQ(::write(file, "nowhere\n", 8), 8);
  EXPECT_EQ(::close(file), 0) << "nobody wants it any more";
}

/// What is written while the medium is asked to take what was there before.
class SlowSave : public FailingSave {
 protected:
  int opened(const std::filesystem::path& path) { return ::open(path.c_str(), O_WRONLY | O_APPEND); }
  /// What the daemon says, whatever the kernel's pages have.
  static std::string daemon_has(const std::filesystem::path& path) {
    const posix::UniqueFd file{::open(path.c_str(), O_RDONLY | O_DIRECT)};
    std::string text(4096, '\0');
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(::read(file.get(), text.data(), text.size()), 0)));
    return text;
  }
  /// Whether the medium is asked by now: the plan counts it down, and notes it.
  bool is_asked() {
    return eventually([&] { return read_file(sandbox_ / "asked").value_or("") != ""; });
  }
  void plan_slow(const std::string& operation) {
    plan(operation + " * record " + (sandbox_ / "asked").native() + "\n" + operation + " * after hang 1 times 1\n");
  }
};

TEST_F(SlowSave, OfARenamedFileDoesNotTakeWhatComesMeanwhile) {
  TempMount mount{sandbox_, "memory://slow?faults=" + (sandbox_ / "faults").native()};
  ASSERT_EQ(write_file(mount / "a.eml.part", mail("a")), 0);
  plan_slow("save");
  const int writer = opened(mount / "a.eml.part");
  ASSERT_EQ(::write(writer, "more\n", 5), 5);
  auto renamed = std::async(std::launch::async,
                            [&] { return ::rename((mount / "a.eml.part").c_str(), (mount / "a.eml").c_str()); });
  ASSERT_TRUE(is_asked());
  ASSERT_EQ(::write(writer, "last\n", 5), 5);
  EXPECT_EQ(::close(writer), 0);
  EXPECT_EQ(renamed.get(), 0);
  // Once the file is closed to its end: until then it is read from what was staged.
  EXPECT_TRUE(eventually([&] { return run("grep -rqs last " + shell_word(sandbox_ / "state")).code == 1; }));
  EXPECT_EQ(daemon_has(mount / "a.eml"), mail("a") + "more\nlast\n");
}

TEST_F(SlowSave, OfAnEmptiedFileDoesNotTakeWhatComesMeanwhile) {
  TempMount mount{sandbox_, "memory://slow?faults=" + (sandbox_ / "faults").native()};
  ASSERT_EQ(write_file(mount / "a.eml", mail("a")), 0);
  plan_slow("move");
  const int emptier = ::open((mount / "a.eml").c_str(), O_WRONLY | O_TRUNC);
  EXPECT_EQ(::close(emptier), 0);
  ASSERT_TRUE(is_asked());
  EXPECT_EQ(append_file(mount / "a.eml", mail("b")), 0);
  EXPECT_EQ(daemon_has(mount / "a.eml"), mail("b"));
  EXPECT_EQ(run("grep -rqs 'Subject: b' " + shell_word(sandbox_ / "state")).code, 1) << "it is not only staged";
  EXPECT_EQ(read_file(mount / ".mapistorefs/trash/root/a.eml"), mail("a")) << "what it held";
}

TEST_F(SlowSave, IsWaitedForByWhoWroteBeforeIt) {
  TempMount mount{sandbox_, "memory://slow?faults=" + (sandbox_ / "faults").native()};
  ASSERT_EQ(write_file(mount / "a.eml", mail("a")), 0);
  plan("save * record " + (sandbox_ / "asked").native() + "\nsave * hang 1 times 1\nsave * fail io\n");
  const int one = opened(mount / "a.eml"), other = opened(mount / "a.eml");
  ASSERT_EQ(::write(one, "one\n", 4), 4);
  ASSERT_EQ(::write(other, "other\n", 6), 6);
  auto closed = std::async(std::launch::async, [&] { return ::close(one); });
  ASSERT_TRUE(is_asked());
  EXPECT_EQ(::close(other), -1) << "its bytes were in the save that failed";
  EXPECT_EQ(closed.get(), -1);
}

TEST_F(SlowSave, WhatARenameReplacesGoesThoughItCannotYet) {
  TempMount mount{sandbox_, "memory://slow?faults=" + (sandbox_ / "faults").native()};
  ASSERT_EQ(write_file(mount / "a.eml", mail("a")), 0);
  ASSERT_EQ(write_file(mount / "b.eml", mail("b")), 0);
  plan("remove * fail connection_refused\n");
  EXPECT_EQ(::rename((mount / "a.eml").c_str(), (mount / "b.eml").c_str()), 0);
  EXPECT_EQ(names_in(mount.path()), Names{"b.eml"});
  EXPECT_EQ(read_file(mount / "b.eml"), mail("a"));
  plan("remove * record " + (sandbox_ / "asked").native() + "\n");
  EXPECT_TRUE(eventually([&] { return read_file(sandbox_ / "asked").value_or("") != ""; }, std::chrono::seconds{20}))
      << "it is tried again";
  EXPECT_EQ(names_in(mount.path()), Names{"b.eml"});
}

}  // namespace
}  // namespace mapistore::mount_tests::writing_test
