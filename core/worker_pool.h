#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>

#include <mapistore/export.h>

#include "core/mutex.h"

namespace mapistore {

/// A bounded crew that waits for one medium, so that a hung medium holds up nobody but its own callers.
///
/// Thread-safe. Threads start when there is work that no idle thread can take, and sleep without waking up.
class MAPISTORE_API WorkerPool {
 public:
  using Job = std::move_only_function<void()>;

  WorkerPool(std::size_t most_threads, std::size_t most_waiting);
  /// Leaves threads that are stuck in a job behind: see stop.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Allows more threads from now on.
  void allow(std::size_t most_threads);

  /// False, and the job untouched, when too many wait already or the pool has stopped.
  bool submit(Job&& job);
  /// How many jobs no thread has taken yet.
  std::size_t waiting() const;

  /// Takes no more work and waits until what was taken is done. False if some is not by `deadline`; the process
  /// must then end without destroying what that work uses.
  bool stop(std::chrono::steady_clock::time_point deadline);

 private:
  /// Shared with the threads, which may outlive the pool.
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
};

}  // namespace mapistore
