#pragma once

#include <chrono>
#include <stop_token>

#include <mapistore/result.h>

namespace mapistore {

/// How long a caller waits and how it stops waiting. Cheap to copy; passed to everything that may block.
struct Call {
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::stop_token stop;

  /// A call that ends `limit` from now.
  static Call within(std::chrono::nanoseconds limit, std::stop_token stop = {}) {
    return {std::chrono::steady_clock::now() + limit, std::move(stop)};
  }

  /// Errc::cancelled or Errc::timed_out once the caller waits no longer. Backends ask between steps.
  Result<> check() const {
    if (stop.stop_requested()) return fail(Errc::cancelled, {}, "interrupted");
    if (std::chrono::steady_clock::now() >= deadline) return fail(Errc::timed_out, {}, "deadline passed");
    return {};
  }
};

}  // namespace mapistore
