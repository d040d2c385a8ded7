// The command itself: its forms, readiness, signals, and where secrets must not be.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/mount/corpus.h"

namespace mapistore::mount_tests::command_test {
namespace {

using testing::eventually;
using testing::names_in;
using testing::Outcome;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::TempMount;
using testing::write_file;
using namespace std::chrono_literals;

class Command : public ::testing::Test {
 protected:
  Outcome mapistorefs(const std::string& arguments) { return run(sandbox_.program() + " " + arguments); }
  /// The daemon at `mount`, noted for the sandbox.
  pid_t daemon_of(const std::filesystem::path& mount) {
    const Outcome pid = run("sed -n 's/.*\"pid\": *\\([0-9]*\\).*/\\1/p' " + shell_word(mount / ".mapistorefs/status"));
    const auto number = static_cast<pid_t>(std::strtol(pid.output.c_str(), nullptr, 10));
    EXPECT_GT(number, 0) << pid.output;
    if (number > 0) sandbox_.note_process(number);
    return number;
  }
  Sandbox sandbox_;
  std::filesystem::path mnt_ = sandbox_.make_directory("mnt");
};

TEST_F(Command, TellsAboutItself) {
  EXPECT_EQ(mapistorefs("--version").output.substr(0, 12), "mapistorefs ");
  const Outcome help = mapistorefs("--help");
  EXPECT_EQ(help.code, 0);
  EXPECT_NE(help.output.find("--list-backends"), std::string::npos);
  const Outcome list = mapistorefs("--list-backends --json");
  EXPECT_EQ(list.code, 0);
  for (const char* name : {"\"file\"", "\"maildir\"", "\"memory\""})
    EXPECT_NE(list.output.find(name), std::string::npos) << name;
}

TEST_F(Command, AnswersAtOnceWhenItReturns) {
  const std::string uri = make_medium(sandbox_, "file");
  run("cd " + shell_word(sandbox_ / "medium") + " && for i in $(seq 300); do echo \"Subject: $i\" > $i.eml; done");
  const Outcome outcome = run(sandbox_.program() + " " + shell_word(uri) + " " + shell_word(mnt_) + " && ls " +
                              shell_word(mnt_) + " | wc -l");
  EXPECT_EQ(outcome.output, "300\n");
  const pid_t pid = daemon_of(mnt_);
  ::kill(pid, SIGTERM);
  EXPECT_TRUE(eventually([&] { return !testing::is_running(pid); }, 10s));
  EXPECT_EQ(names_in(mnt_), std::vector<std::string>{});
}

TEST_F(Command, MountHelperTakesFstabOptions) {
  const std::string uri = make_medium(sandbox_, "file");
  for (const char* name : {"mount.mapistorefs", "mount.fuse.mapistorefs"}) {
    const auto link = sandbox_ / name;
    std::filesystem::create_symlink(MAPISTORE_BUILD_DIR "/fuse/mapistorefs", link);
    const Outcome outcome = run(
        sandbox_.environment() + " " + shell_word(link) + " " + shell_word(uri) + " " + shell_word(mnt_) +
        " -n -o rw,noauto,user,nodev,nosuid,noatime,_netdev,x-systemd.automount,comment=a,umask=027 -t mapistorefs");
    ASSERT_EQ(outcome.code, 0) << outcome.output;
    const pid_t pid = daemon_of(mnt_);
    EXPECT_EQ(write_file(mnt_ / "a.eml", mail("a")), 0);
    EXPECT_EQ(run("grep -c ' - fuse.mapistorefs ' /proc/self/mountinfo").code, 0);
    EXPECT_EQ(run("fusermount3 -u " + shell_word(mnt_)).output, "");
    EXPECT_TRUE(eventually([&] { return !testing::is_running(pid); }, 10s));
  }
}

TEST_F(Command, ForegroundEndsOnSignals) {
  const std::string uri = make_medium(sandbox_, "file");
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::execl("/bin/sh", "sh", "-c",
              ("exec env " + sandbox_.program() + " -f " + shell_word(uri) + " " + shell_word(mnt_) + " 2>>" +
               shell_word(sandbox_ / "log"))
                  .c_str(),
              nullptr);
      ::_exit(127);
    }
    sandbox_.note_process(child);
    ASSERT_TRUE(eventually([&] { return testing::is_there(mnt_ / ".mapistorefs/status"); }, 10s));
    EXPECT_EQ(write_file(mnt_ / (std::to_string(signal) + ".eml"), mail("a")), 0);
    ::kill(child, signal);
    int status = -1;
    EXPECT_TRUE(eventually([&] { return ::waitpid(child, &status, WNOHANG) == child; }, 10s));
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    EXPECT_FALSE(testing::is_there(mnt_ / ".mapistorefs"));
  }
  EXPECT_EQ(names_in(sandbox_ / "medium").size(), 3u);
}

TEST_F(Command, UnmountWaitsForNobody) {
  TempMount mount{sandbox_, make_medium(sandbox_, "file"), {}, "other"};
  const Outcome busy = run("exec 9<" + shell_word(mount.path()) + "; fusermount3 -u " + shell_word(mount.path()));
  EXPECT_NE(busy.code, 0) << "in use";
  EXPECT_EQ(write_file(mount / "a.eml", mail("a")), 0);
  EXPECT_EQ(mount.unmount().code, 0);
}

TEST_F(Command, SecretsAreNowhere) {
  const std::string secret = "Tr0ub4dor";
  const Outcome started = run("MAPISTORE_PASSWORD=" + secret + "env " + sandbox_.program() +
                              " memory://anna:" + secret + "uri@example.org/box " + shell_word(mnt_));
  ASSERT_EQ(started.code, 0) << started.output;
  const pid_t pid = daemon_of(mnt_);
  EXPECT_EQ(write_file(mnt_ / "a.eml", mail("a")), 0);
  const std::string process = "/proc/" + std::to_string(pid);
  for (const std::string& file : {process + "/cmdline", process + "/environ", process + "/mountinfo",
                                  (mnt_ / ".mapistorefs/status").native(), (mnt_ / ".mapistorefs/errors").native()}) {
    const auto text = read_file(file);
    ASSERT_TRUE(text.has_value()) << file;
    EXPECT_EQ(text->find(secret), std::string::npos) << file;
  }
  EXPECT_EQ(run("getfattr -d -m - --absolute-names " + shell_word(mnt_) + " | grep -c " + secret).output, "0\n");
  EXPECT_NE(
      run("grep -rq " + secret + " " + shell_word(sandbox_ / "state") + " " + shell_word(sandbox_ / "cache")).code, 0);
  EXPECT_NE(run("find " + shell_word(sandbox_.path()) + " -xdev | grep -q " + secret).code, 0);
  EXPECT_EQ(run("fusermount3 -u " + shell_word(mnt_)).output, "");
  EXPECT_TRUE(eventually([&] { return !testing::is_running(pid); }, 10s));

  const Outcome refused = mapistorefs("gopher://anna:" + secret + "@example.org/ " + shell_word(mnt_));
  EXPECT_NE(refused.code, 0);
  EXPECT_EQ(refused.output.find(secret), std::string::npos) << refused.output;
}

TEST_F(Command, StateFilesArePrivate) {
  TempMount mount{sandbox_, make_medium(sandbox_, "file"), {}, "other"};
  EXPECT_EQ(write_file(mount / "a.eml", mail("a")), 0);
  EXPECT_EQ(write_file(mount / ".scratch", "a"), 0);
  EXPECT_EQ(run("find " + shell_word(sandbox_ / "state/mapistorefs") + " -perm /077").output, "");
}

}  // namespace
}  // namespace mapistore::mount_tests::command_test
