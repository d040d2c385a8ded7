#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/conversion/calendar_time.h"
#include "core/conversion/recurrence_pattern.h"

namespace mapistore::conversion {

/// As RFC 5545 has them in BYDAY and WKST.
inline constexpr std::array<std::string_view, 7> weekday_names{"SU", "MO", "TU", "WE", "TH", "FR", "SA"};

enum class RuleFrequency : std::uint8_t { secondly, minutely, hourly, daily, weekly, monthly, yearly };

/// A RECUR value (RFC 5545 3.3.10) as far as dates are concerned.
struct RecurrenceRule {
  struct Weekday {
    int nth = 0;           ///< 0: each; negative: from the end
    unsigned weekday = 0;  ///< 0 Sunday

    friend bool operator==(const Weekday&, const Weekday&) = default;
  };

  RuleFrequency frequency = RuleFrequency::daily;
  std::uint32_t interval = 1;
  std::optional<std::uint32_t> count;
  std::optional<CalendarTime> until;
  std::vector<Weekday> weekdays;
  std::vector<int> month_days;
  std::vector<int> months;
  std::vector<int> positions;  ///< BYSETPOS
  unsigned week_start = 1;
  std::string other;  ///< the first part that is none of these, e.g. "BYHOUR"

  friend bool operator==(const RecurrenceRule&, const RecurrenceRule&) = default;
};

/// Nothing if there is no frequency, or a part is malformed.
std::optional<RecurrenceRule> parse_rule(std::string_view value);

/// `rule` on a series whose first instance begins at `start`; `until` is on the clock of `start`. The error says which
/// part no pattern can tell. `approximated` is set to what the pattern tells otherwise, if anything.
std::expected<RecurrencePattern, std::string> pattern_of(const RecurrenceRule& rule, WallTime start,
                                                         std::optional<WallTime> until, std::string& approximated);

/// The reverse, as text; `until` stands at the end of the rule. Nothing for patterns of other calendars.
std::optional<std::string> rule_text(const RecurrencePattern& pattern, std::string_view until);

/// Whether the series without its exceptions has an instance on `day`, a midnight. Constant time.
bool has_instance(const RecurrencePattern& pattern, WallTime day);

/// The day of instance `index`, from zero, wherever the series ends. Constant time; nothing beyond the year 4500.
std::optional<WallTime> instance_day(const RecurrencePattern& pattern, std::uint64_t index);

/// The days on which the clocks change, for one observance of a time zone: the date that a yearly rule gives in
/// `year`, counted like `start`. Nothing if there is none.
std::optional<std::chrono::local_days> yearly_day(const RecurrenceRule& rule, std::chrono::local_days start,
                                                  std::chrono::year year);

}  // namespace mapistore::conversion
