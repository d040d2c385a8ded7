#include "backends/sql/watchdog.h"

#include <sys/socket.h>

namespace mapistore::sql {

Watchdog::Ticket Watchdog::add(Clock::time_point deadline, int socket) {
  const std::lock_guard lock{mutex_};
  if (!thread_.joinable()) thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  const Ticket ticket = deadlines_.emplace(deadline, socket);
  if (deadline < wakes_at_) changed_.notify_one();
  return ticket;
}

void Watchdog::remove(Ticket ticket) {
  const std::lock_guard lock{mutex_};
  deadlines_.erase(ticket);
}

void Watchdog::run(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    const auto now = Clock::now();
    wakes_at_ = Clock::time_point::max();
    for (const auto& [deadline, socket] : deadlines_) {
      if (deadline > now) {
        wakes_at_ = deadline;
        break;
      }
      ::shutdown(socket, SHUT_RDWR);
    }
    // Those that were shut down stay until their owners have noticed.
    const auto is_earlier = [&, until = wakes_at_] {
      const auto next = deadlines_.upper_bound(now);
      return next != deadlines_.end() && next->first < until;
    };
    if (wakes_at_ == Clock::time_point::max())
      changed_.wait(lock, stop, is_earlier);
    else
      changed_.wait_until(lock, stop, wakes_at_, is_earlier);
  }
}

}  // namespace mapistore::sql
