#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <mapistore/property.h>

namespace mapistore::conversion {

/// A day of a contact, as its properties hold it: midnight, as if in UTC.
struct ContactDay {
  SystemTime midnight;
  bool had_time = false;  ///< the text told a time of day, too
};

/// Nothing for what is no whole date: a month and day alone, a text, a year before 1678.
std::optional<ContactDay> parse_contact_day(std::string_view text);

/// `1996-04-15`, or without dashes. A time that is no midnight is that of a zone not told: the nearest midnight counts.
/// Nothing beyond the year 4500, where dates mean "none".
std::optional<std::string> contact_day_text(SystemTime time, bool dashes);

}  // namespace mapistore::conversion
