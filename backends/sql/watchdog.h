#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace mapistore::sql {

/// Ends what blocks on a socket when its time is up, by shutting the socket down: the library knows no deadlines of
/// single calls. One thread, which sleeps until the next deadline, and begins with the first. Thread-safe.
class Watchdog {
 public:
  using Clock = std::chrono::steady_clock;
  using Ticket = std::multimap<Clock::time_point, int>::iterator;

  Watchdog() = default;
  ~Watchdog() = default;
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  Ticket add(Clock::time_point deadline, int socket);
  /// Once it returns the socket is left alone, and may be closed.
  void remove(Ticket ticket);

 private:
  void run(const std::stop_token& stop);

  std::mutex mutex_;  ///< a leaf
  std::condition_variable_any changed_;
  std::multimap<Clock::time_point, int> deadlines_;
  Clock::time_point wakes_at_ = Clock::time_point::max();
  std::jthread thread_;
};

}  // namespace mapistore::sql
