#pragma once

#include <optional>
#include <string_view>

#include <mapistore/object.h>

namespace mapistore::codec {

/// The time a Date field tells: RFC 5322 with its obsolete zones and two-digit years, asctime, ISO 8601, and
/// the usual mistakes (no weekday, dashes, month first, comments). An unknown zone counts as UTC. Nothing when
/// day, month, year or time is missing or impossible, or Time cannot hold it. Linear in `value`.
std::optional<Time> parse_mail_date(std::string_view value);

struct CalendarDate {
  Time time;
  bool date_only = false;
};

/// A DATE or DATE-TIME of RFC 5545, also in its ISO 8601 form with dashes and colons.
///
/// A time without `Z` is taken as it is written, whatever its TZID: the name of a file must depend on nothing but
/// the file, and the zone's rules are in the reader's time zone database.
std::optional<CalendarDate> parse_calendar_date(std::string_view value);

}  // namespace mapistore::codec
