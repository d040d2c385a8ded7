#include "core/worker_pool.h"

#include <algorithm>
#include <pthread.h>

#include <system_error>
#include <thread>

namespace mapistore {

struct WorkerPool::Shared {
  Mutex mutex{LockRank::workers};
  std::condition_variable_any work;
  std::condition_variable_any ended;
  std::deque<Job> waiting MAPISTORE_GUARDED_BY(mutex);
  std::size_t threads MAPISTORE_GUARDED_BY(mutex) = 0;
  std::size_t idle MAPISTORE_GUARDED_BY(mutex) = 0;
  bool stopping MAPISTORE_GUARDED_BY(mutex) = false;
  std::size_t most_threads = 0;
  std::size_t most_waiting = 0;
};

WorkerPool::WorkerPool(std::size_t most_threads, std::size_t most_waiting) : shared_{std::make_shared<Shared>()} {
  shared_->most_threads = most_threads;
  shared_->most_waiting = most_waiting;
}

WorkerPool::~WorkerPool() { stop(std::chrono::steady_clock::now()); }

void WorkerPool::allow(std::size_t most_threads) {
  const Locked locked{shared_->mutex};
  shared_->most_threads = std::max(shared_->most_threads, most_threads);
}

bool WorkerPool::submit(Job&& job) {
  Locked locked{shared_->mutex};
  if (shared_->stopping || shared_->waiting.size() >= shared_->most_waiting) return false;
  shared_->waiting.push_back(std::move(job));
  if (shared_->idle >= shared_->waiting.size()) {
    shared_->work.notify_one();
  } else if (shared_->threads < shared_->most_threads) {
    try {
      std::thread{run, shared_}.detach();
      ++shared_->threads;
    } catch (const std::system_error&) {
      // The threads there are will come to it; without any, nobody would.
      if (shared_->threads == 0) {
        job = std::move(shared_->waiting.back());
        shared_->waiting.pop_back();
        return false;
      }
    }
  }
  return true;
}

std::size_t WorkerPool::waiting() const {
  const Locked locked{shared_->mutex};
  return shared_->waiting.size();
}

void WorkerPool::run(const std::shared_ptr<Shared>& shared) {
  ::pthread_setname_np(::pthread_self(), "worker");
  Locked locked{shared->mutex};
  for (;;) {
    ++shared->idle;
    while (shared->waiting.empty() && !shared->stopping) shared->work.wait(locked);
    --shared->idle;
    if (shared->waiting.empty()) break;
    Job job = std::move(shared->waiting.front());
    shared->waiting.pop_front();
    locked.unlock();
    job();
    job = nullptr;
    locked.lock();
  }
  --shared->threads;
  shared->ended.notify_all();
}

bool WorkerPool::stop(std::chrono::steady_clock::time_point deadline) {
  Locked locked{shared_->mutex};
  shared_->stopping = true;
  shared_->work.notify_all();
  while (shared_->threads > 0)
    if (shared_->ended.wait_until(locked, deadline) == std::cv_status::timeout) return shared_->threads == 0;
  return true;
}

}  // namespace mapistore
