#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace mapistore::ctl {

/// How fast something counts up, and how long it may still take. Not thread-safe.
class Rate {
 public:
  /// ", 120/s, 3 min left" once there is something to tell, at `done` of `all`.
  std::string text(std::uint64_t done, std::uint64_t all);

 private:
  using Clock = std::chrono::steady_clock;
  std::optional<std::uint64_t> first_;
  Clock::time_point began_;
};

}  // namespace mapistore::ctl
