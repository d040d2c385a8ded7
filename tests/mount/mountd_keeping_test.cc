// What mountd does so that its mounts are there: starts, crashes, hangs, changes of what is wanted.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include <gmock/gmock.h>

#include "tests/mount/mountd_fixture.h"
#include "tests/support/memory.h"

namespace mapistore::mount_tests::mountd_keeping_test {
namespace {

using ::testing::ElementsAre;
using testing::eventually;
using testing::names_in;
using testing::run;
using testing::shell_word;
using testing::write_file;
using namespace std::chrono_literals;

class MountdKeeping : public MountdTest {};

/// Its children allocate and ask who a user is before they become others, which is allowed to a process of one thread.
TEST_F(MountdKeeping, HasOneThread) {
  if constexpr (testing::is_sanitized) GTEST_SKIP() << "a sanitizer has a thread of its own";
  configure(quick + mount_table("mail"));
  start();
  ASSERT_TRUE(wait_up({"mail"})) << log();
  EXPECT_THAT(names_in("/proc/" + std::to_string(pid()) + "/task"), ElementsAre(std::to_string(pid())));
}

TEST_F(MountdKeeping, TwentyMountsOfWhichFiveCrashAndThreeHang) {
  std::string text = quick;
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) text += mount_table(names.emplace_back("m" + std::to_string(i)));
  configure(text);
  const auto begin = std::chrono::steady_clock::now();
  start();
  ASSERT_TRUE(wait_up(names)) << log();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  std::vector<pid_t> before;
  for (const std::string& name : names) before.push_back(daemon(name));

  // Not SIGSEGV, of which a sanitizer makes a report first.
  for (std::size_t i = 0; i < 5; ++i) ::kill(before[i], i % 2 == 0 ? SIGABRT : SIGKILL);
  for (std::size_t i = 5; i < 8; ++i) ::kill(before[i], SIGSTOP);
  ASSERT_TRUE(eventually(
      [&] {
        for (std::size_t i = 0; i < 8; ++i)
          if (const Json mount = report(names[i]); mount["state"] != "up" || mount["restarts"] != 1) return false;
        return true;
      },
      20s))
      << log();
  for (std::size_t i = 0; i < 20; ++i) {
    const Json mount = report(names[i]);
    EXPECT_EQ(mount["hangs"], i >= 5 && i < 8 ? 1 : 0) << names[i];
    EXPECT_EQ(mount["restarts"], i < 8 ? 1 : 0) << names[i];
    EXPECT_EQ(daemon(names[i]) == before[i], i >= 8) << names[i];
    EXPECT_EQ(names_in(mnt(names[i])), std::vector<std::string>{"hello.eml"});
  }
  EXPECT_TRUE(has_logged("ended with signal 6 (Aborted)")) << log();
  EXPECT_TRUE(has_logged("(state T (stopped)): ends it")) << log();
  EXPECT_TRUE(has_logged("starts again in 1 s")) << log();
}

TEST_F(MountdKeeping, WaitsLongerAfterEachFailureAndTellsWhy) {
  configure(quick + mount_table("a"));
  std::filesystem::remove_all(medium("a"));
  start();
  ASSERT_TRUE(eventually([&] { return has_logged("starts again in 4 s"); }, 15s)) << log();
  EXPECT_TRUE(has_logged("ended with exit code 66 (no such directory, profile or medium) before it answered")) << log();
  EXPECT_EQ(state("a"), "waiting");
  // Who asks for it does not wait until then.
  sandbox_.make_directory("media/a");
  const auto mounted = ask("mount", "a");
  ASSERT_TRUE(mounted) << mounted.error().to_string();
  EXPECT_EQ(state("a"), "up");
}

TEST_F(MountdKeeping, WhatIsMisconfiguredIsNotTriedAgainBeforeAReload) {
  const std::string wrong = "[mounts.p]\nsource = \"" + (sandbox_ / "p.toml").native() + "\"\ndirectory = \"" +
                            sandbox_.make_directory("mnt/p").native() + "\"\n";
  write_file(sandbox_ / "p.toml", "[folders.A]\nurl = \"memory://a\"\n");
  configure(quick + wrong + mount_table("a"));
  start();
  ASSERT_TRUE(wait_up({"a"}));
  ASSERT_TRUE(eventually([&] { return state("p") == "failed"; }, 10s)) << log();
  EXPECT_TRUE(has_logged("exit code 78 (wrong configuration)")) << log();
  write_file(sandbox_ / "p.toml", "[folders.A]\nuri = \"memory://a\"\n");
  ASSERT_TRUE(ask("reload"));
  EXPECT_TRUE(wait_up({"p"})) << log();
}

TEST_F(MountdKeeping, ReloadTouchesOnlyWhatHasChanged) {
  configure(quick + mount_table("same") + mount_table("changes") + mount_table("goes"));
  start();
  ASSERT_TRUE(wait_up({"same", "changes", "goes"})) << log();
  const pid_t same = daemon("same"), changes = daemon("changes");
  configure(quick + mount_table("same") + mount_table("changes", "options = \"ro\"") + mount_table("comes"));
  ::kill(pid(), SIGHUP);
  ASSERT_TRUE(wait_up({"comes"})) << log();
  ASSERT_TRUE(
      eventually([&] { return report("changes").value("options", "") == "ro" && state("changes") == "up"; }, 10s));
  EXPECT_EQ(daemon("same"), same);
  EXPECT_NE(daemon("changes"), changes);
  EXPECT_EQ(write_file(mnt("changes") / "x.eml", "Subject: x\n\n"), EROFS);
  EXPECT_TRUE(report("goes").empty());
  EXPECT_EQ(names_in(mnt("goes")), std::vector<std::string>{});

  configure("probe = \"often\"\n");
  const auto refused = ask("reload");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::invalid_configuration);
  EXPECT_TRUE(refused.error().object.ends_with("mounts.toml:1:9")) << refused.error().to_string();
  EXPECT_EQ(daemon("same"), same);
}

TEST_F(MountdKeeping, WhatIsInUseChangesWhenItIsIdle) {
  configure(quick + mount_table("a"));
  start();
  ASSERT_TRUE(wait_up({"a"}));
  const pid_t before = daemon("a");
  {
    const posix::UniqueFd used{::open((mnt("a") / "hello.eml").c_str(), O_RDONLY | O_CLOEXEC)};
    configure(quick + mount_table("a", "options = \"ro\""));
    ASSERT_TRUE(ask("reload"));
    ASSERT_TRUE(eventually([&] { return has_logged("is wanted otherwise by now, but"); }, 10s)) << log();
    EXPECT_TRUE(has_logged("is in use by mountd_tests (process " + std::to_string(::getpid()) + " of root)")) << log();
    EXPECT_EQ(daemon("a"), before);
  }
  EXPECT_TRUE(eventually([&] { return report("a").value("options", "") == "ro" && state("a") == "up"; }, 10s)) << log();
}

TEST_F(MountdKeeping, WhatAUserUnmountsStaysDown) {
  configure(quick + mount_table("a"));
  start();
  ASSERT_TRUE(wait_up({"a"}));
  EXPECT_EQ(run("fusermount3 -u " + shell_word(mnt("a"))).output, "");
  ASSERT_TRUE(eventually([&] { return state("a") == "down"; }, 10s)) << log();
  EXPECT_TRUE(has_logged("was unmounted by somebody else"));
  ASSERT_TRUE(ask("mount", "a"));
  EXPECT_EQ(state("a"), "up");
}

TEST_F(MountdKeeping, KilledItLeavesItsMountsAndTakesThemOverAgain) {
  configure(quick + mount_table("lives") + mount_table("dies") + mount_table("hangs") + mount_table("changes"));
  start();
  ASSERT_TRUE(wait_up({"lives", "dies", "hangs", "changes"}));
  const pid_t lives = daemon("lives"), dies = daemon("dies"), hangs = daemon("hangs"), changes = daemon("changes");
  ASSERT_EQ(end(SIGKILL), 128 + SIGKILL);
  EXPECT_EQ(names_in(mnt("lives")), std::vector<std::string>{"hello.eml"});
  configure(quick + mount_table("lives") + mount_table("dies") + mount_table("hangs") +
            mount_table("changes", "options = \"ro\""));
  ::kill(dies, SIGKILL);
  ::kill(hangs, SIGSTOP);
  start();
  ASSERT_TRUE(wait_up({"lives", "dies", "hangs", "changes"})) << log();
  EXPECT_EQ(daemon("lives"), lives);
  EXPECT_NE(daemon("dies"), dies);
  EXPECT_NE(daemon("hangs"), hangs);
  EXPECT_NE(daemon("changes"), changes);
  EXPECT_TRUE(eventually([&] { return !testing::is_running(hangs); }, 10s));
  for (const char* name : {"lives", "dies", "hangs", "changes"})
    EXPECT_EQ(names_in(mnt(name)), std::vector<std::string>{"hello.eml"}) << log();
  // It hears of the end of one that it did not start, too.
  ::kill(lives, SIGKILL);
  EXPECT_TRUE(eventually([&] { return report("lives").value("restarts", 0) == 1 && state("lives") == "up"; }, 10s))
      << log();
}

}  // namespace
}  // namespace mapistore::mount_tests::mountd_keeping_test
