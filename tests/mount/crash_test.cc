// The daemon killed while several write: what was acknowledged is there.
#include <atomic>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "tests/mount/corpus.h"

namespace mapistore::mount_tests::crash_test {
namespace {

using testing::names_in;
using testing::shell_word;
using testing::read_file;
using testing::run;
using testing::TempMount;
using testing::write_file;

constexpr int writers = 4, most_files = 4000, rounds = 3;

/// The same for the same name, of one byte to 200 KiB.
std::string bytes_of(const std::string& name) {
  const std::size_t hash = std::hash<std::string>{}(name);
  return mail(name, std::string(hash % 37 == 0 ? 200'000 : hash % 5000, static_cast<char>('a' + hash % 26)) + "\n");
}

class Crash : public ::testing::TestWithParam<const char*> {
 protected:
  Sandbox sandbox_;
  std::mutex mutex_;
  std::vector<std::string> acknowledged_, started_;
};

TEST_P(Crash, KeepsWhatWasAcknowledged) {
  TempMount mount{sandbox_, make_medium(sandbox_, GetParam())};
  for (int round = 0; round < rounds; ++round) {
    std::atomic<int> done = 0;
    std::vector<std::jthread> threads;
    for (int writer = 0; writer < writers; ++writer)
      threads.emplace_back([&, writer] {
        for (int i = 0; i < most_files; ++i) {
          const std::string name =
              std::to_string(round) + "-" + std::to_string(writer) + "-" + std::to_string(i) + ".eml";
          // Every third as rsync writes: under a temporary name first.
          const std::string first = i % 3 == 0 ? "." + name + ".Ab12Cd" : name;
          {
            const std::lock_guard lock{mutex_};
            started_.push_back(name);
          }
          if (write_file(mount / first, bytes_of(name)) != 0) return;
          if (first != name && ::rename((mount / first).c_str(), (mount / name).c_str()) != 0) return;
          const std::lock_guard lock{mutex_};
          acknowledged_.push_back(name);
          ++done;
        }
      });
    EXPECT_TRUE(testing::eventually([&] { return done > 100 + 77 * round; }, std::chrono::seconds{20})) << done;
    mount.kill9();
    threads.clear();
    const auto started = mount.start();
    ASSERT_EQ(started.code, 0) << "over the dead mount point: " << started.output;
    ASSERT_TRUE(mount.wait_ready());
    for (const std::string& name : acknowledged_)
      ASSERT_TRUE(read_file(mount / name) == bytes_of(name)) << name << " was acknowledged in round " << round;
    for (const std::string& name : started_) {
      const auto bytes = read_file(mount / name);
      ASSERT_TRUE(!bytes || *bytes == bytes_of(name)) << name << " is half-written: " << bytes->size();
    }
    for (const std::string& name : names_in(mount.path()))
      EXPECT_TRUE(read_file(mount / name).has_value()) << name << " is listed and cannot be read";
  }
  // The media alone tell the same: a new index finds as many.
  EXPECT_EQ(mount.unmount().code, 0);
  run("rm -r " + shell_word(sandbox_ / "state"));
  ASSERT_EQ(mount.start().code, 0);
  ASSERT_TRUE(mount.wait_ready());
  std::size_t found = 0;
  for (const std::string& name : names_in(mount.path()))
    if (!name.starts_with('.')) ++found;
  EXPECT_GE(found, acknowledged_.size());
}

INSTANTIATE_TEST_SUITE_P(Media, Crash, ::testing::Values("file", "maildir", "archive"),
                         [](const auto& medium) { return std::string(medium.param); });

}  // namespace
}  // namespace mapistore::mount_tests::crash_test
