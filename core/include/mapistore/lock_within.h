#pragma once

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include <mapistore/call.h>

namespace mapistore {

/// Holds `mutex`, which others hold while they ask a server. Errc::cancelled or Errc::timed_out, as the call ends.
inline Result<std::unique_lock<std::timed_mutex>> lock_within(const Call& call, std::timed_mutex& mutex) {
  constexpr std::chrono::milliseconds between_checks{200};
  std::unique_lock lock{mutex, std::defer_lock};
  while (!lock.try_lock_until(std::min(call.deadline, std::chrono::steady_clock::now() + between_checks)))
    if (auto waits = call.check(); !waits) return std::unexpected(std::move(waits).error());
  return lock;
}

}  // namespace mapistore
