// What fsync, a move and an edit bring to the disk, and in which order: a power cut leaves what was acknowledged.
#include <fcntl.h>
#include <mapistore/posix.h>
#include <unistd.h>

#include "tests/mount/move_fixture.h"

namespace mapistore::mount_tests::durability_test {
namespace {

using testing::eventually;
using testing::read_file;
using testing::shell_word;
using testing::TempMount;
using testing::write_file;
using namespace std::chrono_literals;

class PowerCut : public MoveBase {
 protected:
  /// The daemon's calls, one a line, that bring something to the disk or remove it, until `action` and what it caused
  /// are over.
  std::string calls_during(const TempMount& mount, const std::function<void()>& action) const {
    const std::string pid = std::to_string(mount.pid()), log = (sandbox_ / "calls").native();
    {
      const std::jthread tracer{[&] {
        testing::run("strace -f -y -qq -o " + shell_word(log) + " -p " + pid +
                         " -e trace=fsync,fdatasync,syncfs,unlink,unlinkat",
                     60s);
      }};
      EXPECT_TRUE(eventually(
          [&] { return testing::run("grep -q 'TracerPid:.[1-9]' /proc/" + pid + "/status").code == 0; }, 10s));
      action();
      testing::run("pkill -INT -f 'strace -f -y -qq -o " + log + "'");
    }
    return read_file(log).value_or("");
  }
  static std::size_t first(const std::string& calls, const std::string& one) {
    const std::size_t at = calls.find(one);
    EXPECT_NE(at, std::string::npos) << one << " in:\n" << calls;
    return at;
  }
  static void sync(const std::filesystem::path& file) {
    const posix::UniqueFd opened{::open(file.c_str(), O_RDONLY)};
    EXPECT_EQ(::fsync(opened.get()), 0) << file;
  }
};

TEST_F(PowerCut, FsyncBringsAMessageToTheDiskWhoeverWroteIt) {
  const std::pair<const char*, const char*> media[] = {
      {"file", "/m.eml>"}, {"maildir", "/new/"}, {"sqlite", "/store.sqlite-wal>"}};
  for (const auto& [kind, synced] : media) {
    const TempMount mount{sandbox_, make_medium(sandbox_, kind, kind), {}, kind + std::string("-mount")};
    ASSERT_EQ(write_file(mount / "m.eml", mail("m")), 0);
    const std::string calls = calls_during(mount, [&] { sync(mount / "m.eml"); });
    const std::size_t line = first(calls, synced);
    EXPECT_NE(calls.rfind("sync(", line), std::string::npos) << calls;
  }
}

TEST_F(PowerCut, FsyncBringsAScratchFileToTheDisk) {
  const TempMount mount{sandbox_, make_medium(sandbox_, "file")};
  ASSERT_EQ(write_file(mount / ".scratch", "x"), 0);
  const std::string calls = calls_during(mount, [&] { sync(mount / ".scratch"); });
  first(calls, "/staging/");
  first(calls, "/index.sqlite-wal>");
}

TEST_F(PowerCut, AMoveRemovesOnlyWhatIsElsewhereForGood) {
  TempMount mount{sandbox_, profile({"file", "sqlite"})};
  ASSERT_EQ(write_file(mount / "From/m.eml", mail("m")), 0);
  const std::string calls = calls_during(mount, [&] {
    EXPECT_EQ(move(mount / "From/m.eml", mount / "To/m.eml"), 0);
    EXPECT_TRUE(eventually([&] { return !testing::is_there(sandbox_ / "from/m.eml"); }, 10s));
  });
  const std::size_t removal = first(calls, "\"m.eml\"");
  EXPECT_LT(first(calls, "/store.sqlite-wal>"), removal) << calls;
  EXPECT_LT(first(calls, "/index.sqlite-wal>"), removal) << calls;
}

TEST_F(PowerCut, ManyMovesWaitForTheDiskTogether) {
  constexpr int moved = 100;
  TempMount mount{sandbox_, profile({"file", "maildir"})};
  for (int i = 0; i < moved; ++i)
    ASSERT_EQ(write_file(mount / ("From/" + std::to_string(i) + ".eml"), mail(std::to_string(i))), 0);
  const std::string calls = calls_during(mount, [&] {
    ASSERT_EQ(testing::run("mv " + shell_word(mount / "From") + "/*.eml " + shell_word(mount / "To")).code, 0)
        << mount.errors();
    EXPECT_TRUE(eventually([&] { return in_medium("from") == 0; }, 20s));
  });
  int waits = 0;
  for (std::size_t at = calls.find("syncfs("); at != std::string::npos; at = calls.find("syncfs(", at + 1)) ++waits;
  EXPECT_GT(waits, 0);
  EXPECT_LT(waits, moved / 2);
}

TEST_F(PowerCut, AnEditRemovesWhatItReplacesOnceItIsOnTheDisk) {
  const TempMount mount{sandbox_, make_medium(sandbox_, "maildir")};
  ASSERT_EQ(write_file(mount / "m.eml", mail("m")), 0);
  const std::string calls =
      calls_during(mount, [&] { ASSERT_EQ(write_file(mount / "m.eml", mail("m", "Edited.\n")), 0); });
  const std::size_t written = calls.find("fdatasync(");
  ASSERT_NE(written, std::string::npos) << calls;
  EXPECT_LT(first(calls, "/tmp/"), calls.find('\n', written)) << "of the new one: " << calls;
  EXPECT_LT(written, first(calls, "unlinkat(")) << calls;
}

}  // namespace
}  // namespace mapistore::mount_tests::durability_test
