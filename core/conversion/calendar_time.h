#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <mapistore/property.h>

namespace mapistore::conversion {

/// A time on the clock of some zone, which the context tells.
using WallTime = std::chrono::local_seconds;
/// A moment.
using UtcTime = std::chrono::sys_seconds;

/// A DATE or DATE-TIME of RFC 5545 3.3.4, 3.3.5.
struct CalendarTime {
  WallTime wall{};
  bool date_only = false;
  bool utc = false;

  friend bool operator==(const CalendarTime&, const CalendarTime&) = default;
};

/// Also reads the ISO 8601 form with dashes and colons, times without seconds, 24:00 and leap seconds. Nothing for what
/// is no time, or none of the years 1601 to 4500.
std::optional<CalendarTime> parse_calendar_time(std::string_view value);
std::string calendar_text(const CalendarTime& time);

/// A DURATION of RFC 5545 3.3.6; nothing for what is none or longer than 100 years.
std::optional<std::chrono::seconds> parse_duration(std::string_view value);
std::string duration_text(std::chrono::seconds duration);

/// Nothing before 1601.
std::optional<SystemTime> to_system_time(UtcTime time);
/// Whole seconds; nothing for the sentinels beyond the year 4500 that mean "none".
std::optional<UtcTime> to_utc_time(SystemTime time);

/// Minutes since 1601-01-01T00:00, as recurrence structures count them. Requires a year from 1601 on.
std::uint32_t minutes_of(WallTime time);
WallTime wall_time(std::uint32_t minutes);

/// The same digits on another clock.
constexpr UtcTime as_utc(WallTime time) noexcept { return UtcTime{time.time_since_epoch()}; }
constexpr WallTime as_wall(UtcTime time) noexcept { return WallTime{time.time_since_epoch()}; }

inline WallTime midnight_of(WallTime time) noexcept { return std::chrono::floor<std::chrono::days>(time); }

}  // namespace mapistore::conversion
