// How mountd ends: idle mounts go, those in use are told of and stay, and nothing acknowledged is lost.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include "core/mount_table.h"
#include "tests/mount/mountd_fixture.h"

namespace mapistore::mount_tests::mountd_stopping_test {
namespace {

using testing::eventually;
using testing::names_in;
using testing::write_file;
using namespace std::chrono_literals;

class MountdStopping : public MountdTest {
 protected:
  std::string us() const { return "mountd_tests (process " + std::to_string(::getpid()) + " of root)"; }
};

TEST_F(MountdStopping, UnmountsAllThatIsIdle) {
  configure(quick + mount_table("a") + mount_table("b"));
  start();
  ASSERT_TRUE(wait_up({"a", "b"}));
  const pid_t a = daemon("a");
  EXPECT_EQ(write_file(mnt("a") / "x.eml", "Subject: x\n\nx\n"), 0);
  EXPECT_EQ(end(SIGTERM), 0) << log();
  EXPECT_FALSE(mounted_store_at(mnt("a")) || mounted_store_at(mnt("b")));
  EXPECT_FALSE(testing::is_running(a)) << "it ends after its daemons";
  EXPECT_TRUE(testing::is_there(medium("a") / "x.eml"));
}

TEST_F(MountdStopping, SaysWhoUsesAMountAndLeavesIt) {
  configure(quick + mount_table("idle") + mount_table("used"));
  start();
  ASSERT_TRUE(wait_up({"idle", "used"}));
  const pid_t used = daemon("used");
  posix::UniqueFd file{::open((mnt("used") / "hello.eml").c_str(), O_RDONLY | O_CLOEXEC)};
  EXPECT_EQ(end(SIGTERM), 69) << log();
  EXPECT_TRUE(has_logged(mnt("used").native() + ": is in use by " + us())) << log();
  EXPECT_FALSE(mounted_store_at(mnt("idle")));
  EXPECT_EQ(names_in(mnt("used")), std::vector<std::string>{"hello.eml"}) << "still served";
  start();
  ASSERT_TRUE(wait_up({"idle", "used"})) << log();
  EXPECT_EQ(daemon("used"), used);
  file = posix::UniqueFd{};
  EXPECT_EQ(end(SIGTERM), 0) << log();
}

TEST_F(MountdStopping, WaitsForAUserWhoGoesSoon) {
  configure(quick + mount_table("a"));
  start();
  ASSERT_TRUE(wait_up({"a"}));
  posix::UniqueFd file{::open((mnt("a") / "hello.eml").c_str(), O_RDONLY | O_CLOEXEC)};
  ::kill(pid(), SIGTERM);
  ASSERT_TRUE(eventually([&] { return has_logged("is in use by"); }, 5s));
  file = posix::UniqueFd{};
  EXPECT_EQ(end(0), 0) << log();
  EXPECT_FALSE(mounted_store_at(mnt("a")));
}

TEST_F(MountdStopping, ASecondSignalWaitsForNobody) {
  configure("stop_within = 60\n" + mount_table("a"));
  start();
  ASSERT_TRUE(wait_up({"a"}));
  const posix::UniqueFd file{::open((mnt("a") / "hello.eml").c_str(), O_RDONLY | O_CLOEXEC)};
  ::kill(pid(), SIGTERM);
  ASSERT_TRUE(eventually([&] { return has_logged("is in use by"); }, 5s));
  EXPECT_EQ(end(SIGTERM), 0) << log();
  EXPECT_FALSE(mounted_store_at(mnt("a")));
}

TEST_F(MountdStopping, UnmountVerbRefusesWhatIsInUseUnlessForced) {
  configure(quick + mount_table("a"));
  start();
  ASSERT_TRUE(wait_up({"a"}));
  const posix::UniqueFd file{::open((mnt("a") / "hello.eml").c_str(), O_RDONLY | O_CLOEXEC)};
  const auto refused = ask("unmount", "a");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::busy);
  EXPECT_EQ(refused.error().what, "is in use by " + us());
  EXPECT_EQ(state("a"), "up");
  ASSERT_TRUE(ask("unmount", mnt("a").native(), true));
  EXPECT_EQ(state("a"), "down");
  EXPECT_FALSE(mounted_store_at(mnt("a")));
  ASSERT_TRUE(ask("mount", "a")) << log();
}

TEST_F(MountdStopping, EndsWithAHungMount) {
  configure("probe = 60\nanswer_within = 1\nstop_within = 8\n" + mount_table("a"));
  start();
  ASSERT_TRUE(wait_up({"a"}));
  ::kill(daemon("a"), SIGSTOP);
  ::kill(pid(), SIGTERM);
  const auto code = end(0);
  EXPECT_TRUE(code.has_value()) << log();
  EXPECT_FALSE(mounted_store_at(mnt("a")));
}

}  // namespace
}  // namespace mapistore::mount_tests::mountd_stopping_test
