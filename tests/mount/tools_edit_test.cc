// Editors, each with its own way to save, and who watches them do it.
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include <mapistore/posix.h>
#include "tests/mount/tools.h"

namespace mapistore::mount_tests::tools_edit_test {
namespace {

using testing::eventually;
using testing::names_in;
using testing::read_file;
using testing::xattr;
using namespace std::chrono_literals;
using Names = std::vector<std::string>;

/// A program on a terminal of its own, ended with the object.
class Terminal {
 public:
  explicit Terminal(const std::string& command) {
    int screen = -1;
    pid_ = ::forkpty(&screen, nullptr, nullptr, nullptr);
    if (pid_ == 0) {
      ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
      ::_exit(127);
    }
    screen_ = posix::UniqueFd{screen};
  }
  Terminal(const Terminal&) = delete;
  ~Terminal() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }

  void type(std::string_view keys) const {
    EXPECT_EQ(::write(screen_.get(), keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  /// Whether it printed `text` since the last one that was awaited.
  bool prints(std::string_view text) {
    return eventually(
        [&] {
          read_on();
          const std::size_t at = printed_.find(text);
          if (at == std::string::npos) return false;
          printed_.erase(0, at + text.size());
          return true;
        },
        10s);
  }
  bool ends() {
    return eventually(
        [&] {
          read_on();
          if (::waitpid(pid_, nullptr, WNOHANG) != pid_) return false;
          pid_ = 0;
          return true;
        },
        10s);
  }
  const std::string& printed() const { return printed_; }

 private:
  void read_on() {
    char bytes[4096];
    for (pollfd ready{screen_.get(), POLLIN, 0}; ::poll(&ready, 1, 0) > 0;) {
      const ssize_t count = ::read(screen_.get(), bytes, sizeof bytes);
      if (count <= 0) return;
      printed_.append(bytes, static_cast<std::size_t>(count));
    }
  }

  pid_t pid_ = -1;
  posix::UniqueFd screen_;
  std::string printed_;
};

class Editors : public Tools {
 protected:
  void SetUp() override {
    Tools::SetUp();
    quiet(
        "cp -a in/*.eml mnt/; setfattr -n user.mapi.flags -v 'read flagged' mnt/1.eml; setfattr -n "
        "user.mapi.categories -v Red mnt/1.eml");
  }
  /// Expects 1.eml to be a mail with this subject, in the medium too, and nothing beside the mails.
  void expect_edited(const std::string& subject) const {
    EXPECT_EQ(xattr(mount_ / "1.eml", "user.mapi.PidTagSubject"), subject);
    EXPECT_EQ(xattr(mount_ / "1.eml", "user.mapi.class"), "IPM.Note");
    EXPECT_EQ(names_in(mount_.path()), (Names{"1.eml", "2.eml", "3.eml"}));
    if (is_directory()) {
      // What was moved to the name of another kind leaves the medium a little later.
      EXPECT_TRUE(eventually([&] { return sh("grep -rl '^Message-ID' medium | wc -l") == "3\n"; }))
          << sh("find medium");
      EXPECT_EQ(sh("grep -rl 'Subject: " + subject + "$' medium | wc -l"), "1\n");
    }
    EXPECT_EQ(mount_.errors(), "");
  }
  void expect_state(const char* name = "1.eml") const {
    EXPECT_EQ(xattr(mount_ / name, "user.mapi.flags"), "read flagged");
    EXPECT_EQ(xattr(mount_ / name, "user.mapi.categories"), "Red");
  }
};
INSTANTIATE_TEST_SUITE_P(Media, Editors, ::testing::Values("file", "maildir", "memory"), medium_name);

TEST_P(Editors, Sed) {
  quiet("sed -i 's/^Subject: 1/Subject: one/' mnt/1.eml");
  expect_edited("one");
  expect_state();
  quiet("sed -i~ 's/^Subject: one/Subject: two/' mnt/1.eml; grep -q 'Subject: one' mnt/1.eml~; rm mnt/1.eml~");
  expect_edited("two");
  quiet("sed -i '/\"PidTagSubject\"/s/two/three/' mnt/1.eml.mapi.json; grep -q three mnt/1.eml.mapi.json");
  expect_edited("three");
  quiet("find mnt -name '*.eml' -exec sed -i 's/Hello/Goodbye/' {} +; grep -q Goodbye mnt/3.eml");
  // sed draws its name by lot: this is one without a digit or an upper-case letter.
  quiet("sed 's/three/four/' mnt/1.eml > mnt/sedabcdef; mv mnt/sedabcdef mnt/1.eml");
  expect_edited("four");
}

TEST_P(Editors, Vim) {
  const auto vim = [&](const std::string& set, const std::string& from, const std::string& to) {
    quiet("vim -N -u NONE -i NONE -es -c 'set backupskip= " + set + "' -c '%s/^Subject: " + from + "/Subject: " + to +
          "/' -c wq mnt/1.eml");
  };
  vim("backupcopy=yes", "1", "in_place");
  expect_edited("in_place");
  expect_state();
  vim("writebackup backupcopy=auto", "in_place", "renamed");
  expect_edited("renamed");
  vim("backup backupcopy=no", "renamed", "kept");
  EXPECT_EQ(sh("grep Subject mnt/1.eml~; rm mnt/1.eml~"), "Subject: renamed\n");
  expect_edited("kept");
}

TEST_P(Editors, Nano) {
  for (const std::string backup : {"", "-B "}) {
    Terminal nano{"cd " + testing::shell_word(sandbox_.path()) + " && TERM=vt100 exec nano -I " + backup + "mnt/1.eml"};
    ASSERT_TRUE(nano.prints("1.eml")) << nano.printed();
    nano.type("Comments: by nano\r\x0f");
    ASSERT_TRUE(nano.prints("to Write")) << nano.printed();
    nano.type("\r");
    ASSERT_TRUE(nano.prints("Wrote ")) << nano.printed();
    nano.type("\x18");
    ASSERT_TRUE(nano.ends()) << nano.printed();
    if (!backup.empty()) {
      EXPECT_EQ(sh("grep -c 'Comments: by nano' mnt/1.eml~; rm mnt/1.eml~"), "1\n");
    }
    expect_edited("1");
    expect_state();
  }
  EXPECT_EQ(sh("grep -c 'Comments: by nano' mnt/1.eml"), "2\n");
}

TEST_P(Editors, LocksAndTemporaryFilesOfOffices) {
  // What LibreOffice, MS Office, GLib and Emacs put beside a file while they edit it.
  quiet(R"(cd mnt; printf x > '.~lock.1.eml#'; printf x > '~$1.eml'; cp 1.eml '#1.eml#'; cp 1.eml lu12.tmp
           cp 1.eml .goutputstream-A1B2C3; sed 's/Subject: 1/Subject: five/' 1.eml > .goutputstream-A1B2C3
           mv .goutputstream-A1B2C3 1.eml; rm '.~lock.1.eml#' '~$1.eml' '#1.eml#' lu12.tmp)");
  expect_edited("five");
  expect_state();
}

TEST_P(Editors, RenamedAwayAndBack) {
  quiet("cd mnt; mv 1.eml 1.eml~");
  expect_state("1.eml~");
  quiet("cd mnt; mv 1.eml~ 1.eml; cmp 1.eml ../in/1.eml");
  expect_edited("1");
  expect_state();
}

class Kinds : public Editors {};
INSTANTIATE_TEST_SUITE_P(Media, Kinds, ::testing::Values("file", "memory"), medium_name);

TEST_P(Kinds, FollowTheNameThatARenameGives) {
  const auto inode = testing::stat_of(mount_ / "1.eml").st_ino;
  quiet("cd mnt; mv 1.eml 1.bin");
  EXPECT_EQ(xattr(mount_ / "1.bin", "user.mapi.class"), "IPM.Document.bin");
  EXPECT_EQ(testing::stat_of(mount_ / "1.bin").st_ino, inode);
  quiet("cd mnt; mkdir d; mv 1.bin d/1.eml; mv d/1.eml .; rmdir d; cmp 1.eml ../in/1.eml");
  EXPECT_EQ(testing::stat_of(mount_ / "1.eml").st_ino, inode);
  expect_edited("1");
  expect_state();
  ASSERT_TRUE(mount_.remount() || !is_directory());
  if (!is_directory()) return;
  expect_edited("1");
  expect_state();
}

TEST_P(Kinds, AreRefusedWhereTheBytesAreOfAnother) {
  EXPECT_EQ(testing::write_file(mount_ / "plain", "no calendar\n"), 0);
  EXPECT_EQ(::rename((mount_ / "plain").c_str(), (mount_ / "plain.ics").c_str()), -1);
  EXPECT_EQ(errno, EINVAL);
  EXPECT_EQ(read_file(mount_ / "plain"), "no calendar\n");
  EXPECT_FALSE(testing::is_there(mount_ / "plain.ics"));
  EXPECT_EQ(names_in(mount_.path()), (Names{"1.eml", "2.eml", "3.eml", "plain"}));
}

TEST_P(Editors, InotifywaitSeesThem) {
  const auto log = sandbox_ / "events";
  const pid_t watcher = ::fork();
  if (watcher == 0) {
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (out < 0) ::_exit(126);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execlp("inotifywait", "inotifywait", "-m", "--format", "%e %f", mount_.path().c_str(), nullptr);
    ::_exit(127);
  }
  const auto sees = [&](const std::string& line) {
    EXPECT_TRUE(eventually([&] { return read_file(log).value_or("").find(line + "\n") != std::string::npos; }, 10s))
        << line << '\n' << read_file(log).value_or("");
  };
  sees("Watches established.");
  quiet(
      "cd mnt; cp ../in/1.eml new.eml; printf x >> 2.eml; mv new.eml newer.eml; chmod 600 3.eml; rm newer.eml; mkdir "
      "d");
  for (const char* line : {"CREATE new.eml", "CLOSE_WRITE,CLOSE new.eml", "MODIFY 2.eml", "MOVED_FROM new.eml",
                           "MOVED_TO newer.eml", "ATTRIB 3.eml", "DELETE newer.eml", "CREATE,ISDIR d"})
    sees(line);
  ::kill(watcher, SIGTERM);
  ::waitpid(watcher, nullptr, 0);
}

}  // namespace
}  // namespace mapistore::mount_tests::tools_edit_test
