// Media that are gone, slow or stuck: each costs only itself.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <future>

#include <gtest/gtest.h>

#include "tests/mount/corpus.h"

namespace mapistore::mount_tests::unreachable_test {
namespace {

using testing::eventually;
using testing::names_in;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::TempMount;
using testing::write_file;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Names = std::vector<std::string>;

class Unreachable : public ::testing::Test {
 protected:
  std::string profile(const std::string& second) {
    write_file(sandbox_ / "p.toml", "[folders.Good]\nuri = \"" + make_medium(sandbox_, "file", "good") +
                                        "\"\n[folders.Other]\nuri = \"" + second + "\"\n");
    return sandbox_ / "p.toml";
  }
  std::string faulty() { return "memory://faulty?faults=" + (sandbox_ / "faults").native(); }
  void plan(const std::string& text) { write_file(sandbox_ / "faults", text); }

  void expect_good(const TempMount& mount) {
    const auto start = Clock::now();
    EXPECT_EQ(write_file(mount / "Good/a.eml", mail("a")), 0);
    EXPECT_EQ(read_file(mount / "Good/a.eml"), mail("a"));
    EXPECT_EQ(names_in(mount / "Good"), Names{"a.eml"});
    EXPECT_LT(Clock::now() - start, 1s);
  }

  /// Starts `command` on the mount, kills it after half a second, and answers how long it took to end.
  Clock::duration time_to_die(const std::string& command) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::execl("/bin/sh", "sh", "-c", ("exec " + command + " >/dev/null 2>&1").c_str(), nullptr);
      ::_exit(127);
    }
    ::usleep(500'000);
    EXPECT_EQ(::waitpid(child, nullptr, WNOHANG), 0) << command << " did not wait";
    const auto start = Clock::now();
    ::kill(child, SIGKILL);
    EXPECT_TRUE(eventually([&] { return ::waitpid(child, nullptr, WNOHANG) != 0; }, 10s));
    return Clock::now() - start;
  }

  Sandbox sandbox_;
};

TEST_F(Unreachable, FolderTellsWhyAndHeals) {
  const auto missing = sandbox_ / "missing";
  TempMount mount{sandbox_, profile("file://" + missing.native()), "refresh=1", "mnt", false};
  ASSERT_TRUE(eventually([&] { return mount.context_is("Other", "down"); }, 10s)) << mount.status();
  EXPECT_EQ(names_in(mount.path()), (Names{"Good", "Other"}));
  EXPECT_TRUE(S_ISDIR(testing::stat_of(mount / "Other").st_mode));
  EXPECT_EQ(write_file(mount / "Other/a.eml", mail("a")), ENOENT);
  EXPECT_NE(run("ls " + shell_word(mount / "Other")).code, 0);
  EXPECT_NE(mount.errors().find(missing), std::string::npos) << mount.errors();
  EXPECT_NE(mount.status().find("missing"), std::string::npos);
  expect_good(mount);

  sandbox_.make_directory("missing");
  ASSERT_EQ(write_file(missing / "b.eml", mail("b")), 0);
  EXPECT_TRUE(eventually([&] { return names_in(mount / "Other") == Names{"b.eml"}; }, 10s)) << mount.status();
  EXPECT_TRUE(eventually([&] { return mount.context_is("Other", "ready"); }, 10s)) << mount.status();
  EXPECT_EQ(write_file(mount / "Other/c.eml", mail("c")), 0);
  EXPECT_EQ(read_file(mount / "Other/b.eml"), mail("b"));

  // Gone while it is in use: what is cached stays or fails, nothing hangs, and it comes back.
  ASSERT_EQ(::rename(missing.c_str(), (sandbox_ / "away").c_str()), 0);
  const bool saved = write_file(mount / "Other/d.eml", mail("d")) == 0;  // an open directory may take it still
  expect_good(mount);
  ASSERT_EQ(::rename((sandbox_ / "away").c_str(), missing.c_str()), 0);
  EXPECT_TRUE(eventually([&] { return write_file(mount / "Other/e.eml", mail("e")) == 0; }, 10s)) << mount.status();
  EXPECT_TRUE(!saved || read_file(mount / "Other/d.eml") == mail("d"));
  EXPECT_EQ(read_file(mount / "Other/b.eml"), mail("b"));
}

TEST_F(Unreachable, TrueErrnoOfAnOpenThatFails) {
  for (const auto& [word, error] : {std::pair{"connection_refused", "Connection refused"},
                                    {"authentication_failed", "Permission denied"},
                                    {"unreachable", "No route to host"}}) {
    plan(std::string("open_context * fail ") + word + "\n");
    run("rm -rf " + shell_word(sandbox_ / "state/mapistorefs"));
    TempMount mount{sandbox_, profile(faulty()), "refresh=1,deadline=5", "mnt", false};
    ASSERT_TRUE(eventually([&] { return mount.context_is("Other", "down"); }, 10s)) << mount.status();
    EXPECT_NE(run("ls " + shell_word(mount / "Other")).output.find(error), std::string::npos)
        << run("ls " + shell_word(mount / "Other")).output;
    expect_good(mount);
    plan("");
    EXPECT_TRUE(eventually([&] { return write_file(mount / "Other/a.eml", mail("a")) == 0; }, 10s)) << mount.status();
  }
}

class Stuck : public Unreachable, public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(Ways, Stuck, ::testing::Values("stall", "hang"),
                         [](const auto& way) { return std::string(way.param); });

TEST_P(Stuck, CostsOnlyItself) {
  plan("");
  TempMount mount{sandbox_, profile(faulty()), "deadline=20"};
  ASSERT_EQ(write_file(mount / "Other/a.eml", mail("a", std::string(300'000, 'x'))), 0);
  ASSERT_EQ(write_file(mount / "Other/b.eml", mail("b")), 0);
  ASSERT_TRUE(mount.remount());  // memory forgets: only what is saved from now on is there
  ASSERT_EQ(write_file(mount / "Other/a.eml", mail("a", std::string(300'000, 'x'))), 0);
  run("echo 3 > /proc/sys/vm/drop_caches");
  const std::string way = GetParam();
  plan("open * " + way + " 25\nsave * " + way + " 25\nread * " + way + " 25\n");
  std::vector<std::future<testing::Outcome>> waiting;
  for (int i = 0; i < 12; ++i)
    waiting.push_back(std::async(std::launch::async, [&, i] {
      return run("echo x > " + shell_word(mount / ("Other/w" + std::to_string(i) + ".txt")), 3s);
    }));
  ::usleep(300'000);
  expect_good(mount);
  EXPECT_EQ(names_in(mount / "Other"), Names{"a.eml"}) << "listings are answered";
  EXPECT_LT(time_to_die("cp /etc/hostname " + shell_word(mount / "Other/n.txt")), 3s);
  EXPECT_LT(time_to_die("cat " + shell_word(mount / "Other/a.eml")), 3s);
  for (auto& one : waiting) EXPECT_EQ(one.get().code, 137);
  expect_good(mount);
  const auto start = Clock::now();
  ::kill(mount.pid(), SIGTERM);
  EXPECT_TRUE(eventually([&] { return !testing::is_running(mount.pid()); }, 20s)) << "SIGTERM";
  EXPECT_LT(Clock::now() - start, 18s);
  EXPECT_EQ(names_in(mount.path()), Names{}) << "unmounted";
}

TEST_P(Stuck, DeadlineEndsTheWait) {
  plan("");
  TempMount mount{sandbox_, profile(faulty()), "deadline=2"};
  plan(std::string("save * ") + GetParam() + " 8\n");
  const auto start = Clock::now();
  EXPECT_EQ(write_file(mount / "Other/a.eml", mail("a")), ETIMEDOUT);
  EXPECT_LT(Clock::now() - start, 6s);
  EXPECT_EQ(names_in(mount / "Other"), Names{});
  plan("");
  EXPECT_TRUE(eventually([&] { return mount.errors().find("a.eml") != std::string::npos; }, 10s)) << mount.errors();
  ::usleep(300'000);
  EXPECT_TRUE(eventually([&] { return write_file(mount / "Other/b.eml", mail("b")) == 0; }, 10s));
  // Who was told that it failed must not find it later.
  ::sleep(std::string_view{GetParam()} == "hang" ? 8 : 1);
  EXPECT_EQ(names_in(mount / "Other"), Names{"b.eml"});
}

// What tells the kernel waits there for a directory that a caller has locked, and the caller for the daemon.
class Killed : public Unreachable, public ::testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Signals, Killed, ::testing::Values(SIGKILL, SIGSEGV),
                         [](const auto& signal) { return std::string(::sigabbrev_np(signal.param)); });

TEST_P(Killed, LetsItsCallersGo) {
  plan("");
  const std::string options = "deadline=60";
  TempMount mount{sandbox_, faulty(), options};
  ASSERT_EQ(write_file(mount / "a.eml", mail("a")), 0);
  const int imported = ::open((mount / "x.ocpf").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  ASSERT_GE(imported, 0);
  const std::string text = "TYPE \"IPM.Note\"\nPROPERTY { PR_SUBJECT = \"x\" };\n";
  ASSERT_EQ(::write(imported, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  plan("remove * hang 60\nmove * hang 60\n");
  const pid_t caller = ::fork();
  if (caller == 0) ::_exit(::unlink((mount / "a.eml").c_str()) == 0 ? 0 : 1);
  ::usleep(300'000);
  ASSERT_EQ(::close(imported), 0);  // x.eml appears: the kernel is told
  ::usleep(300'000);
  EXPECT_EQ(::waitpid(caller, nullptr, WNOHANG), 0) << "the removal did not wait";
  ::kill(mount.pid(), GetParam());
  EXPECT_TRUE(eventually([&] { return ::waitpid(caller, nullptr, WNOHANG) == caller; }, 5s));
  EXPECT_TRUE(eventually([&] { return !testing::is_running(mount.pid()); }, 5s));
  plan("");
  EXPECT_EQ(mount.start().code, 0) << "over the dead mount";
}

}  // namespace
}  // namespace mapistore::mount_tests::unreachable_test
