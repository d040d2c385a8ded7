// How mountd fits into a service manager: readiness, reloads, the watchdog, a socket made for it.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "tests/mount/mountd_fixture.h"

namespace mapistore::mount_tests::mountd_service_test {
namespace {

using testing::eventually;
using testing::shell_word;
using namespace std::chrono_literals;

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  return address;
}

class MountdService : public MountdTest {
 protected:
  void listen_for_notices() {
    const auto path = sandbox_ / "notify";
    const sockaddr_un address = address_of(path);
    notices_ = posix::UniqueFd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    ASSERT_EQ(::bind(notices_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  /// Whether a notice with `text` in it comes soon; those before it are gone then.
  bool is_told(const std::string& text) {
    return eventually(
        [&] {
          char buffer[512];
          const ssize_t count = ::recv(notices_.get(), buffer, sizeof(buffer), 0);
          return count > 0 && std::string_view(buffer, static_cast<std::size_t>(count)).contains(text);
        },
        10s);
  }
  posix::UniqueFd notices_;
};

TEST_F(MountdService, TellsItsManagerHowItIs) {
  listen_for_notices();
  configure(quick + mount_table("a"));
  start("NOTIFY_SOCKET=" + shell_word(sandbox_ / "notify") + " WATCHDOG_USEC=400000");
  EXPECT_TRUE(is_told("READY=1"));
  EXPECT_TRUE(is_told("WATCHDOG=1"));
  EXPECT_TRUE(is_told("WATCHDOG=1"));
  ASSERT_TRUE(wait_up({"a"}));
  ::kill(pid(), SIGHUP);
  EXPECT_TRUE(is_told("RELOADING=1\nMONOTONIC_USEC="));
  EXPECT_TRUE(is_told("READY=1"));
  const std::string environment = testing::read_file("/proc/" + std::to_string(daemon("a")) + "/environ").value_or("");
  EXPECT_FALSE(environment.contains("NOTIFY_SOCKET") || environment.contains("WATCHDOG_USEC"))
      << "meant for mountd alone";
  EXPECT_EQ(end(SIGTERM), 0);
  EXPECT_TRUE(is_told("STOPPING=1"));
}

TEST_F(MountdService, TakesTheSocketThatWasMadeForIt) {
  const sockaddr_un address = address_of(socket());
  sandbox_.make_directory("run/mapistorefs");
  const posix::UniqueFd listener{::socket(AF_UNIX, SOCK_STREAM, 0)};
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(listener.get(), 4), 0);
  ASSERT_EQ(::dup2(listener.get(), 3), 3);
  configure(quick + mount_table("a"));
  // The number of the process that becomes mountd is that of the shell which names it.
  start("sh -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec \"$@\"' sh");
  ::close(3);
  EXPECT_TRUE(wait_up({"a"})) << log();
  EXPECT_FALSE(testing::is_there(socket().native() + ".lock")) << "it made one of its own";
}

TEST_F(MountdService, OnlyOneHasASocket) {
  configure("");
  start();
  const auto second = testing::run(environment() + " " + shell_word(MAPISTORE_BUILD_DIR "/mountd/mapistore-mountd") +
                                   " --config " + shell_word(sandbox_ / "config"));
  EXPECT_EQ(second.code, 73);
  EXPECT_TRUE(second.output.contains("belongs to another mountd that runs")) << second.output;
  ASSERT_EQ(end(SIGKILL), 128 + SIGKILL);
  start();
}

TEST_F(MountdService, RefusesWhatItDoesNotUnderstand) {
  const std::string program = environment() + " " + shell_word(MAPISTORE_BUILD_DIR "/mountd/mapistore-mountd");
  EXPECT_EQ(testing::run(program + " --frobnicate").code, 64);
  EXPECT_EQ(testing::run(program + " --version").output.substr(0, 17), "mapistore-mountd ");
  configure("[mounts.a]\nsource = \"memory://a\"\n");
  const auto wrong = testing::run(program + " --config " + shell_word(sandbox_ / "config"));
  EXPECT_EQ(wrong.code, 78) << wrong.output;
  EXPECT_TRUE(wrong.output.contains("mounts.toml:1:9: mount 'a' has no directory")) << wrong.output;
  configure("[mounts.a]\nsource = \"imaps://a:Tr0ub4dor@example.org/\"\ndirectory = \"/a\"\n");
  const auto secret = testing::run(program + " --config " + shell_word(sandbox_ / "config"));
  EXPECT_EQ(secret.code, 78);
  EXPECT_FALSE(secret.output.contains("Tr0ub4dor")) << secret.output;
  configure("");
  std::filesystem::permissions(sandbox_ / "config/mounts.toml", std::filesystem::perms{0666});
  EXPECT_EQ(testing::run(program + " --config " + shell_word(sandbox_ / "config")).code, 77) << "others could write it";
}

}  // namespace
}  // namespace mapistore::mount_tests::mountd_service_test
