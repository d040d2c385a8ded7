#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <mapistore/property.h>

namespace mapistore::conversion {

/// SYSTEMTIME (MS-DTYP 2.3.13) as a yearly change of clocks: the nth `weekday` of a month; of a single `year`, a date.
struct ZoneTransition {
  std::uint16_t year = 0;
  std::uint16_t month = 0;  ///< 0: the clocks do not change
  std::uint16_t weekday = 0;
  std::uint16_t day = 0;  ///< the nth, 5 the last; with a year the day of the month
  std::uint16_t hour = 0;
  std::uint16_t minute = 0;
  std::uint16_t second = 0;
  std::uint16_t millisecond = 0;

  friend auto operator<=>(const ZoneTransition&, const ZoneTransition&) = default;
};

/// The clocks of a zone from one year on. Minutes that are added to local time to get UTC.
struct ZonePeriod {
  std::uint16_t flags = 0;  ///< TZRule: 1 the rule of the recurrence, 2 the one in effect
  std::uint16_t year = 1601;
  std::int32_t bias = 0;
  std::int32_t standard_bias = 0;  ///< on top of `bias`
  std::int32_t daylight_bias = 0;
  ZoneTransition to_standard;
  ZoneTransition to_daylight;

  friend auto operator<=>(const ZonePeriod&, const ZonePeriod&) = default;
};

inline constexpr std::uint16_t period_of_recurrence = 1;
inline constexpr std::uint16_t period_in_effect = 2;

/// PidLidAppointmentTimeZoneDefinition* (MS-OXOCAL 2.2.1.41).
struct ZoneDefinition {
  std::string key_name;
  std::vector<ZonePeriod> periods;  ///< ascending by year

  friend bool operator==(const ZoneDefinition&, const ZoneDefinition&) = default;
};

Binary encode_zone(const ZoneDefinition& zone);
/// Errc::invalid_content.
Result<ZoneDefinition> decode_zone(const Binary& blob);

/// PidLidTimeZoneStruct (MS-OXOCAL 2.2.1.39): the one period that old clients know.
Binary encode_zone_struct(const ZonePeriod& period);
Result<ZonePeriod> decode_zone_struct(const Binary& blob);

}  // namespace mapistore::conversion
