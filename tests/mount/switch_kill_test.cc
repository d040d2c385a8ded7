// mapistorectl switch: the daemon, and the tool itself, killed just before each call by which they change a file.
//
// A sample of the calls in each run, all of them with MAPISTORE_TEST_SWITCH=all.
#include <unistd.h>

#include <cstdlib>

#include "tests/mount/switch_fixture.h"

namespace mapistore::mount_tests::switch_kill_test {
namespace {

using testing::eventually;
using testing::read_file;
using testing::TempMount;
using testing::write_file;
using namespace std::chrono_literals;

/// While it lives, the program `name` is ended before its call number `at`, counted once `armed` is there if it is
/// given.
class KilledAt {
 public:
  KilledAt(const char* name, int at, const std::filesystem::path& armed = {}) {
    ::setenv("LD_PRELOAD", MAPISTORE_TEST_MODULES "/kill_at_write.so", 1);
    ::setenv("MAPISTORE_KILL_PROGRAM", name, 1);
    ::setenv("MAPISTORE_KILL_AT", std::to_string(at).c_str(), 1);
    if (!armed.empty()) ::setenv("MAPISTORE_KILL_ARMED", armed.c_str(), 1);
  }
  KilledAt(const KilledAt&) = delete;
  ~KilledAt() {
    for (const char* name : {"LD_PRELOAD", "MAPISTORE_KILL_PROGRAM", "MAPISTORE_KILL_AT", "MAPISTORE_KILL_ARMED"})
      ::unsetenv(name);
  }
};

/// Which call comes after `at`: the next one if all are wanted, else one farther and farther off.
int next_place(int at) {
  const char* wanted = std::getenv("MAPISTORE_TEST_SWITCH");
  const bool every = wanted != nullptr && std::string_view{wanted} == "all";
  return every || at < 4 ? at + 1 : at * 3;
}

struct Media {
  const char* from;
  const char* to;
  friend std::ostream& operator<<(std::ostream& out, const Media& media) {
    return out << media.from << " to " << media.to;
  }
};

class SwitchKilled : public SwitchTest, public ::testing::WithParamInterface<Media> {
 protected:
  static constexpr int most_calls = 2000;

  /// New media, a store on the first of them and what it shows, mounted without anything that kills.
  void begin(int number) {
    const std::string name = std::to_string(number);
    profile_ = sandbox_ / ("p" + name + ".toml");
    to_ = make_medium(sandbox_, GetParam().to, "to" + name);
    ASSERT_EQ(write_file(profile_,
                         "[folders.Mail]\nuri = \"" + make_medium(sandbox_, GetParam().from, "from" + name) + "\"\n"),
              0);
    TempMount mount{sandbox_, profile_, {}, "mnt" + name};
    ASSERT_EQ(::mkdir((mount / "Mail/Sub").c_str(), 0700), 0);
    for (const char* path : {"a.eml", "b.eml", "Sub/c.eml"})
      ASSERT_EQ(write_file(mount / "Mail" / path, mail(path)), 0);
    before_ = shown(mount / "Mail");
  }
  std::string switch_to() const { return "-p " + testing::shell_word(profile_) + " switch Mail " + to_; }
  testing::Outcome tool(const std::string& arguments) const {
    return testing::run(sandbox_.control_program() + " " + arguments, 60s);
  }
  /// The switch is asked for again and comes to its end; nothing is missing, and nothing there twice.
  void goes_on(TempMount& mount, int at) {
    EXPECT_EQ(shown(mount / "Mail"), before_) << "after kill " << at;
    // The profile may say so already: the tool was killed when all was done.
    if (read_file(profile_)->find(to_) == std::string::npos) {
      const auto again = tool(switch_to());
      ASSERT_EQ(again.code, 0) << "after kill " << at << ": " << again.output;
    }
    const auto finished = tool("-p " + testing::shell_word(profile_) + " switch Mail --finish");
    ASSERT_EQ(finished.code, 0) << "after kill " << at << ": " << finished.output;
    EXPECT_EQ(shown(mount / "Mail"), before_) << "after kill " << at;
    EXPECT_NE(read_file(profile_)->find(to_), std::string::npos) << "after kill " << at;
    ASSERT_TRUE(mount.remount());
    EXPECT_EQ(shown(mount / "Mail"), before_) << "after kill " << at << " and another mount";
    EXPECT_NE(mount.status().find(to_), std::string::npos) << "after kill " << at;
  }

  std::filesystem::path profile_;
  std::string to_;
  std::map<std::string, Shown> before_;
};
INSTANTIATE_TEST_SUITE_P(Media, SwitchKilled,
                         ::testing::Values(Media{"file", "sqlite"}, Media{"sqlite", "file"},
                                           Media{"maildir", "archive"}),
                         [](const auto& media) { return std::string(media.param.from) + "_to_" + media.param.to; });

TEST_P(SwitchKilled, DaemonBeforeEachCall) {
  int kills = 0;
  for (int at = 1; at < most_calls; at = next_place(at)) {
    begin(at);
    if (HasFatalFailure()) return;
    const auto armed = sandbox_ / ("armed" + std::to_string(at));
    std::optional<TempMount> mount;
    {
      const KilledAt killed{"mapistorefs", at, armed};
      mount.emplace(sandbox_, profile_, "", "mnt" + std::to_string(at));
    }
    ASSERT_EQ(write_file(armed, ""), 0);
    tool(switch_to() + " --no-wait");
    const auto is_over = [&] { return mount->status().find("\"switched\"") != std::string::npos; };
    ASSERT_TRUE(eventually([&] { return !testing::is_running(mount->pid()) || is_over(); }, 60s)) << "call " << at;
    std::filesystem::remove(armed);
    const bool was_killed = !testing::is_running(mount->pid());
    if (was_killed) {
      ++kills;
      mount->kill9();
      ASSERT_EQ(mount->start().code, 0);
      ASSERT_TRUE(mount->wait_ready());
    }
    goes_on(*mount, at);
    if (HasFatalFailure() || !was_killed) break;
  }
  EXPECT_GT(kills, 2);
  std::printf("killed before %d calls\n", kills);
}

TEST_P(SwitchKilled, ToolBeforeEachCall) {
  int kills = 0;
  for (int at = 1; at < most_calls; at = next_place(at)) {
    begin(at);
    if (HasFatalFailure()) return;
    TempMount mount{sandbox_, profile_, {}, "mnt" + std::to_string(at)};
    testing::Outcome ended;
    {
      const KilledAt killed{"mapistorectl", at};
      ended = tool(switch_to());
    }
    if (ended.code != 0) ++kills;
    goes_on(mount, at);
    if (HasFatalFailure() || ended.code == 0) break;
  }
  EXPECT_GT(kills, 2);
  std::printf("killed before %d calls\n", kills);
}

}  // namespace
}  // namespace mapistore::mount_tests::switch_kill_test
