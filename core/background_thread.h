#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <thread>

#include <mapistore/export.h>

#include "core/mutex.h"

namespace mapistore {

/// A thread that works in the background, and sleeps until it is woken or its time has come. Thread-safe but for
/// `start`.
class MAPISTORE_API BackgroundThread {
 public:
  using Clock = std::chrono::steady_clock;

  /// `work` returns soon after it has been asked to stop. `name` has 15 characters at most.
  void start(const char* name, std::function<void(const std::stop_token&)> work);
  /// Asks it to end, and waits. False: it is stuck at `deadline`, and left behind; the process must end without
  /// destroying what it uses.
  bool stop(Clock::time_point deadline);

  /// Ends its sleep, or the next one if it is awake.
  void wake();
  /// For the thread itself: sleeps until `until`, at the latest. True: it is to end.
  bool sleep(const std::stop_token& stop, Clock::time_point until);
  /// For the thread itself: lets that time pass, whoever wakes it. True: it is to end.
  bool pause(const std::stop_token& stop, Clock::duration time);

 private:
  Mutex mutex_{LockRank::background};
  std::condition_variable_any changed_;
  bool woken_ MAPISTORE_GUARDED_BY(mutex_) = false;
  bool ended_ MAPISTORE_GUARDED_BY(mutex_) = true;
  std::jthread thread_;
};

}  // namespace mapistore
