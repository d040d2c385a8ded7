#include "core/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <semaphore>
#include <set>
#include <thread>

namespace mapistore::worker_pool_test {
namespace {

using namespace std::chrono_literals;

auto soon() { return std::chrono::steady_clock::now() + 10s; }

TEST(WorkerPool, RunsWhatItTakesAndEnds) {
  std::atomic<int> done = 0;
  WorkerPool pool{4, 10'000};
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(pool.submit([&] { ++done; }));
  EXPECT_TRUE(pool.stop(soon()));
  EXPECT_EQ(done, 5000);
  EXPECT_FALSE(pool.submit([] {})) << "stopped";
}

TEST(WorkerPool, StartsNoMoreThreadsThanAllowed) {
  WorkerPool pool{3, 100};
  std::mutex mutex;
  std::set<std::thread::id> threads;
  for (int i = 0; i < 30; ++i)
    ASSERT_TRUE(pool.submit([&] {
      std::this_thread::sleep_for(2ms);
      const std::lock_guard lock{mutex};
      threads.insert(std::this_thread::get_id());
    }));
  ASSERT_TRUE(pool.stop(soon()));
  EXPECT_LE(threads.size(), 3u);
  EXPECT_GE(threads.size(), 2u);
}

TEST(WorkerPool, LetsOneHungJobHoldUpNobodyElse) {
  WorkerPool pool{2, 100};
  std::counting_semaphore<> hang{0};
  ASSERT_TRUE(pool.submit([&] { hang.acquire(); }));
  std::latch others{20};
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(pool.submit([&] { others.count_down(); }));
  others.wait();
  EXPECT_FALSE(pool.stop(std::chrono::steady_clock::now() + 20ms)) << "one is stuck";
  hang.release();
  EXPECT_TRUE(pool.stop(soon()));
}

TEST(WorkerPool, RefusesWhatIsTooMuchAndLeavesItWithTheCaller) {
  WorkerPool pool{1, 2};
  std::counting_semaphore<> hang{0};
  std::latch running{1};
  ASSERT_TRUE(pool.submit([&] {
    running.count_down();
    hang.acquire();
  }));
  running.wait();
  ASSERT_TRUE(pool.submit([] {}));
  ASSERT_TRUE(pool.submit([] {}));
  bool called = false;
  WorkerPool::Job job = [&] { called = true; };
  EXPECT_FALSE(pool.submit(std::move(job)));
  job();  // NOLINT(bugprone-use-after-move): what is tested
  EXPECT_TRUE(called) << "a refused job is still whole";
  hang.release();
  EXPECT_TRUE(pool.stop(soon()));
}

TEST(WorkerPool, TakesWorkFromManyThreadsAndFromItsOwn) {
  WorkerPool pool{4, 100'000};
  std::atomic<int> done = 0;
  {
    std::vector<std::jthread> submitters;
    for (int t = 0; t < 4; ++t)
      submitters.emplace_back([&] {
        for (int i = 0; i < 500; ++i) EXPECT_TRUE(pool.submit([&] { pool.submit([&] { ++done; }); }));
      });
  }
  while (done < 2000) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(pool.stop(soon()));
}

}  // namespace
}  // namespace mapistore::worker_pool_test
