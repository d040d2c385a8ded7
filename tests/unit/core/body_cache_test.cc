#include "core/body_cache.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <sstream>
#include <string>

#include "tests/unit/backends/support.h"
#include "tests/unit/core/scratch.h"

namespace mapistore::testing::body_cache_test {
namespace {

namespace fs = std::filesystem;

std::string hex(std::uint64_t number) {
  std::ostringstream text;
  text << std::hex << number;
  return text.str();
}

BodyVersion version(std::uint64_t fmid, std::string change = "1", std::string key = "k") {
  return {{1}, {fmid}, {std::move(key)}, {std::move(change)}};
}

class BodyCacheTest : public ::testing::Test {
 protected:
  static void put(BodyCache& cache, const BodyVersion& what, const std::string& text) {
    testing_backends::TextBody body{text};
    if (const auto filling = cache.copy(Call{}, body)) static_cast<void>(cache.publish(what, *filling));
  }
  static std::optional<std::string> get(BodyCache& cache, const BodyVersion& what) {
    const auto body = cache.find(what);
    if (!body) return std::nullopt;
    EXPECT_EQ(body->change(), what.change);
    EXPECT_GE(body->descriptor(), 0);
    std::string text(body->size(), '\0');
    EXPECT_EQ(body->read_at(Call{}, 0, std::as_writable_bytes(std::span{text})).value_or(0), text.size());
    return text;
  }
  std::vector<fs::path> files() const {
    std::vector<fs::path> all;
    if (fs::exists(directory_))
      for (const auto& item : fs::recursive_directory_iterator{directory_})
        if (item.is_regular_file()) all.push_back(item.path());
    return all;
  }
  std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const fs::path& file : files()) sum += fs::file_size(file);
    return sum;
  }
  /// Says of the file of `what` that it was used so long ago.
  void age(const fs::path& file, std::time_t seconds) const {
    const timespec times[] = {{::time(nullptr) - seconds, 0}, {0, UTIME_OMIT}};
    ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
  }

  Scratch scratch_;
  fs::path directory_ = scratch_.path() / "cache" / "store";
  BodyCache cache_{directory_, 1 << 20, "store"};
};

TEST_F(BodyCacheTest, KeepsEachVersionByItself) {
  EXPECT_FALSE(fs::exists(directory_)) << "made when it is needed";
  put(cache_, version(1, "1"), "one");
  put(cache_, version(1, "2"), "two");
  put(cache_, version(2, "1"), "");
  EXPECT_EQ(get(cache_, version(1, "1")), "one");
  EXPECT_EQ(get(cache_, version(1, "2")), "two");
  EXPECT_EQ(get(cache_, version(2, "1")), "");
  EXPECT_EQ(get(cache_, version(2, "2")), std::nullopt);
  EXPECT_EQ(get(cache_, version(1, "1", "other key")), std::nullopt);
  put(cache_, version(1, "1"), "one");
  EXPECT_EQ(get(cache_, version(1, "1")), "one") << "put once more";
  cache_.remove(version(1, "1"));
  EXPECT_EQ(get(cache_, version(1, "1")), std::nullopt);
  EXPECT_EQ(get(cache_, version(1, "2")), "two");
}

TEST_F(BodyCacheTest, TakesNothingOfAnotherStore) {
  put(cache_, version(1), "one");
  BodyCache other{directory_, 1 << 20, "another"};
  EXPECT_EQ(get(other, version(1)), std::nullopt);
}

TEST_F(BodyCacheTest, IsNobodyElsesBusiness) {
  put(cache_, version(1), "one");
  struct stat status{};
  for (const fs::path& file : files()) {
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777u, 0600u);
    ASSERT_EQ(::stat(file.parent_path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777u, 0700u);
  }
  ASSERT_EQ(::stat(directory_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0700u);
}

TEST_F(BodyCacheTest, TakesNothingThatAnotherHandChanged) {
  const std::vector<std::string> changes{"truncate -s 3", "truncate -s 100", "printf x >>", "printf other >", ": >"};
  for (const std::string& change : changes) {
    put(cache_, version(1), "bytes");
    ASSERT_EQ(files().size(), 1u);
    ASSERT_EQ(std::system((change + " " + files().front().native()).c_str()), 0);
    EXPECT_FALSE(cache_.holds(version(1))) << change;
    EXPECT_EQ(get(cache_, version(1)), std::nullopt) << change;
    EXPECT_TRUE(files().empty()) << change;
  }
}

TEST_F(BodyCacheTest, TakesNothingThatIsNoBody) {
  put(cache_, version(1), "bytes");
  const fs::path file = files().at(0);
  fs::remove(file);
  ASSERT_TRUE(fs::create_directory(file));
  EXPECT_EQ(get(cache_, version(1)), std::nullopt);
  fs::remove(file);
  ASSERT_EQ(::symlink("/etc/passwd", file.c_str()), 0);
  EXPECT_EQ(get(cache_, version(1)), std::nullopt);
  put(cache_, version(1), "bytes");
  EXPECT_EQ(get(cache_, version(1)), "bytes") << "it gives way";
}

TEST_F(BodyCacheTest, LeavesNothingOfWhatWasNotFinished) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto filling = cache_.begin(5);
    static_cast<void>(filling->append(std::as_bytes(std::span{"half", 4})));
    ::kill(::getpid(), SIGKILL);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(files().empty());
  {
    auto filling = cache_.begin(5);
  }
  EXPECT_TRUE(files().empty());
}

TEST_F(BodyCacheTest, RemovesWhatWasNotUsedForLongest) {
  const std::string text(100'000, 'x');
  for (std::uint64_t fmid = 0; fmid < 20; ++fmid) {
    put(cache_, version(fmid), text);
    for (const fs::path& file : files())
      if (file.filename().native().starts_with(hex(fmid) + "-"))
        age(file, 10'000 - static_cast<std::time_t>(fmid) * 100);
  }
  EXPECT_EQ(get(cache_, version(0)), text) << "is used now";
  ASSERT_TRUE(cache_.wants_trim());
  EXPECT_FALSE(cache_.wants_trim()) << "somebody sees to it";
  cache_.trim();
  EXPECT_LE(bytes(), 1u << 20);
  EXPECT_GE(bytes(), 800'000u);
  EXPECT_EQ(get(cache_, version(0)), text);
  EXPECT_EQ(get(cache_, version(1)), std::nullopt);
  EXPECT_EQ(get(cache_, version(19)), text);
  EXPECT_FALSE(cache_.wants_trim());
}

TEST_F(BodyCacheTest, StaysWithinItsLimit) {
  put(cache_, version(1), std::string(600'000, 'x'));
  EXPECT_TRUE(files().empty()) << "would push out everything else";
  BodyCache none{directory_, 0, "store"};
  put(none, version(1), "bytes");
  EXPECT_EQ(get(none, version(1)), std::nullopt);
  EXPECT_TRUE(files().empty());
}

TEST_F(BodyCacheTest, IsSharedBetweenProcesses) {
  constexpr int processes = 4;
  std::vector<pid_t> children;
  for (int child = 0; child < processes; ++child) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    BodyCache own{directory_, 1 << 20, "store"};
    bool good = true;
    for (std::uint64_t fmid = 0; fmid < 200; ++fmid) {
      const std::string text(fmid * 100, static_cast<char>('a' + fmid % 26));
      put(own, version(fmid), text);
      // Another may have removed it, to make room; but none shows other bytes.
      const auto found = get(own, version(fmid));
      good = good && (!found || *found == text);
      if (own.wants_trim()) own.trim();
    }
    ::_exit(good ? 0 : 1);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  cache_.trim();
  EXPECT_LE(bytes(), 1u << 20);
  EXPECT_GT(files().size(), 20u);
}

TEST_F(BodyCacheTest, DoesWithoutRoom) {
  put(cache_, version(1), "bytes");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit full{1000, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  put(cache_, version(2), std::string(5000, 'x'));
  auto filling = cache_.begin(5000);
  const bool had_room = filling && filling->append(std::vector<std::byte>(5000));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_FALSE(had_room);
  EXPECT_EQ(get(cache_, version(2)), std::nullopt);
  EXPECT_EQ(get(cache_, version(1)), "bytes");

  BodyCache nowhere{scratch_.write("file", "") / "below", 1 << 20, "store"};
  put(nowhere, version(1), "bytes");
  EXPECT_EQ(get(nowhere, version(1)), std::nullopt);
  EXPECT_FALSE(nowhere.begin(5));
}

TEST_F(BodyCacheTest, FollowsAMove) {
  put(cache_, version(1, "1", "old"), "bytes");
  cache_.rename(version(1, "1", "old"), version(1, "7", "new"));
  EXPECT_EQ(get(cache_, version(1, "7", "new")), "bytes");
  EXPECT_EQ(get(cache_, version(1, "1", "old")), std::nullopt);
  cache_.rename(version(3), version(4));
  EXPECT_EQ(files().size(), 1u);
}

}  // namespace
}  // namespace mapistore::testing::body_cache_test
