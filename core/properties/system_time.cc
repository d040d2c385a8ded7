#include "core/properties/system_time.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace mapistore {
namespace {

constexpr auto at_1970 = static_cast<std::int64_t>(SystemTime::at_1970);
constexpr std::int64_t furthest = std::numeric_limits<std::int64_t>::max() / 100;

}  // namespace

SystemTime to_system_time(Time time) noexcept {
  using Ticks = std::chrono::duration<std::int64_t, std::ratio<1, SystemTime::per_second>>;
  const std::int64_t ticks = std::chrono::floor<Ticks>(time.time_since_epoch()).count();
  return {static_cast<std::uint64_t>(std::max(ticks, -at_1970) + at_1970)};
}

std::optional<Time> held_time(SystemTime time) noexcept {
  if (time.ticks > SystemTime::at_1970 + furthest) return std::nullopt;
  const std::int64_t ticks = static_cast<std::int64_t>(time.ticks) - at_1970;
  if (ticks < -furthest) return std::nullopt;
  return Time{std::chrono::nanoseconds{ticks * 100}};
}

Time to_time(SystemTime time) noexcept {
  const bool is_past = time.ticks < SystemTime::at_1970;
  return held_time(time).value_or(Time{std::chrono::nanoseconds{(is_past ? -furthest : furthest) * 100}});
}

}  // namespace mapistore
