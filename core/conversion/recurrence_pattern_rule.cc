#include <algorithm>
#include <array>
#include <bit>

#include "core/conversion/recurrence_rule.h"

// Between the rules of iCalendar and the patterns of MAPI.

namespace mapistore::conversion {
namespace {

using namespace std::chrono;

constexpr std::uint32_t day_minutes = 1440;
constexpr std::uint32_t week_minutes = 7 * day_minutes;
constexpr std::uint32_t most_days = 999;
constexpr std::uint32_t most_periods = 99;
constexpr std::uint32_t last_nth = 5;

bool is_monthly(const RecurrencePattern& pattern) noexcept {
  return pattern.type == PatternType::month || pattern.type == PatternType::month_end ||
         pattern.type == PatternType::month_nth;
}

unsigned weekday_of(WallTime day) noexcept { return weekday{floor<days>(day)}.c_encoding(); }

std::int64_t months_since_1601(WallTime time) noexcept {
  const year_month_day date{floor<days>(time)};
  return (static_cast<int>(date.year()) - 1601) * 12 + static_cast<int>(unsigned{date.month()}) - 1;
}

std::optional<year_month> month_number(std::int64_t months) noexcept {
  if (months < 0 || months >= std::int64_t{2900} * 12) return std::nullopt;
  return year{1601 + static_cast<int>(months / 12)} / month{static_cast<unsigned>(months % 12) + 1};
}

/// The day of the pattern within a month.
WallTime day_in_month(const RecurrencePattern& pattern, year_month in) {
  const unsigned length = unsigned{(in / last).day()};
  if (pattern.type == PatternType::month_end) return local_days{in / last};
  if (pattern.type == PatternType::month) return local_days{in / day{std::clamp(pattern.day, 1u, length)}};
  const local_days first{in / 1};
  std::uint32_t found = 0;
  WallTime latest = first;
  const std::uint32_t wanted = pattern.nth >= last_nth ? length : std::max(pattern.nth, 1u);
  for (unsigned i = 0; i < length && found < wanted; ++i) {
    if ((pattern.weekdays >> weekday_of(first + days{i}) & 1) == 0) continue;
    latest = first + days{i};
    ++found;
  }
  return latest;
}

std::optional<WallTime> week_instance(const RecurrencePattern& pattern, std::uint64_t index) {
  const WallTime start = wall_time(pattern.start_date);
  const std::uint32_t mask = pattern.weekdays & 0x7f;
  if (mask == 0) return std::nullopt;
  const auto offset_of = [&](unsigned weekday) { return (weekday + 7 - pattern.first_weekday % 7) % 7; };
  std::array<unsigned, 7> offsets{};
  std::size_t count = 0;
  for (unsigned i = 0; i < 7; ++i) {
    if (mask >> ((pattern.first_weekday + i) % 7) & 1) offsets[count++] = i;
  }
  const unsigned first_offset = offset_of(weekday_of(start));
  const auto passed = static_cast<std::uint64_t>(
      std::lower_bound(offsets.begin(), offsets.begin() + count, first_offset) - offsets.begin());
  const std::uint64_t position = index + passed;
  const auto weeks_on = static_cast<std::int64_t>(position / count) * pattern.period;
  if (weeks_on > std::int64_t{2900} * 53) return std::nullopt;
  return start - days{first_offset} + days{weeks_on * 7 + offsets[position % count]};
}

std::optional<WallTime> month_instance(const RecurrencePattern& pattern, std::uint64_t index) {
  const WallTime start = wall_time(pattern.start_date);
  std::int64_t months = months_since_1601(start);
  const auto first = month_number(months);
  if (!first) return std::nullopt;
  if (day_in_month(pattern, *first) < start) months += pattern.period;
  if (index > std::uint64_t{2900} * 12) return std::nullopt;
  const auto in = month_number(months + static_cast<std::int64_t>(index) * pattern.period);
  if (!in) return std::nullopt;
  return day_in_month(pattern, *in);
}

/// How many instances begin at `limit` or before, if their days count from midnight and end in the year 4500.
std::uint64_t instances_until(const RecurrencePattern& pattern, WallTime limit) {
  std::uint64_t low = 0;
  std::uint64_t high = std::uint64_t{2900} * 366;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    const auto day = instance_day(pattern, middle);
    if (day && *day <= limit)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/// The weekdays of a rule as bits, and which of them in a month; false if no pattern has them.
bool set_nth(const RecurrenceRule& rule, RecurrencePattern& pattern) {
  int nth = rule.weekdays.front().nth;
  for (const auto& weekday : rule.weekdays) {
    if (weekday.nth != nth) return false;
    pattern.weekdays |= 1u << weekday.weekday;
  }
  if (nth != 0 && (rule.weekdays.size() != 1 || !rule.positions.empty())) return false;
  if (nth == 0) {
    if (rule.positions.size() != 1) return false;
    nth = rule.positions.front();
  }
  if (nth != -1 && (nth < 1 || nth > 4)) return false;
  pattern.type = PatternType::month_nth;
  pattern.nth = nth == -1 ? last_nth : static_cast<std::uint32_t>(nth);
  return true;
}

/// Returns the part of the rule that no pattern can tell, or nothing.
std::string_view set_month(const RecurrenceRule& rule, WallTime start, RecurrencePattern& pattern,
                           std::string& approximated) {
  const year_month_day date{floor<days>(start)};
  const bool yearly = rule.frequency == RuleFrequency::yearly;
  pattern.frequency = yearly ? PatternFrequency::yearly : PatternFrequency::monthly;
  pattern.period = rule.interval * (yearly ? 12 : 1);
  if (rule.interval > most_periods) return "INTERVAL";
  if (!yearly && !rule.months.empty()) return "BYMONTH";
  if (rule.months.size() > 1) return "BYMONTH";
  if (!rule.months.empty() && rule.months.front() != static_cast<int>(unsigned{date.month()})) return "BYMONTH";
  if (yearly && rule.months.empty() && !rule.weekdays.empty()) return "BYDAY";
  if (yearly && rule.months.empty() && !rule.month_days.empty()) return "BYMONTHDAY";
  if (!rule.weekdays.empty()) {
    if (!rule.month_days.empty()) return "BYMONTHDAY";
    return set_nth(rule, pattern) ? "" : rule.positions.empty() ? "BYDAY" : "BYSETPOS";
  }
  if (!rule.positions.empty()) return "BYSETPOS";
  if (rule.month_days.size() > 1) return "BYMONTHDAY";
  const int day = rule.month_days.empty() ? static_cast<int>(unsigned{date.day()}) : rule.month_days.front();
  if (day < -1) return "BYMONTHDAY";
  pattern.type = day == -1 ? PatternType::month_end : PatternType::month;
  pattern.day = day == -1 ? 31 : static_cast<std::uint32_t>(day);
  if (day > 28) approximated = "months without that day have their instance on the last day";
  return {};
}

std::string_view set_week(const RecurrenceRule& rule, WallTime start, RecurrencePattern& pattern) {
  pattern.frequency = PatternFrequency::weekly;
  pattern.type = PatternType::week;
  pattern.period = rule.interval;
  if (rule.interval > most_periods) return "INTERVAL";
  for (const auto& weekday : rule.weekdays) {
    if (weekday.nth != 0) return "BYDAY";
    pattern.weekdays |= 1u << weekday.weekday;
  }
  if (pattern.weekdays == 0) pattern.weekdays = 1u << weekday_of(start);
  return {};
}

std::string_view set_days(const RecurrenceRule& rule, WallTime start, RecurrencePattern& pattern,
                          std::string& approximated) {
  if (!rule.other.empty()) return rule.other;
  if (rule.frequency == RuleFrequency::monthly || rule.frequency == RuleFrequency::yearly) {
    return set_month(rule, start, pattern, approximated);
  }
  if (!rule.months.empty()) return "BYMONTH";
  if (!rule.month_days.empty()) return "BYMONTHDAY";
  if (!rule.positions.empty()) return "BYSETPOS";
  if (rule.frequency == RuleFrequency::weekly) return set_week(rule, start, pattern);
  if (rule.frequency != RuleFrequency::daily) return "FREQ";
  if (!rule.weekdays.empty()) {
    if (rule.interval != 1) return "BYDAY";
    approximated = "told as a weekly rule";
    return set_week(rule, start, pattern);
  }
  pattern.frequency = PatternFrequency::daily;
  pattern.type = PatternType::day;
  pattern.period = rule.interval * day_minutes;
  return rule.interval > most_days ? "INTERVAL" : "";
}

/// FirstDateTime (MS-OXOCAL 2.2.1.44.1).
std::uint32_t first_date_of(const RecurrencePattern& pattern) {
  const WallTime start = wall_time(pattern.start_date);
  if (pattern.type == PatternType::day) return pattern.start_date % pattern.period;
  if (pattern.type == PatternType::week) {
    const WallTime week = start - days{(weekday_of(start) + 7 - pattern.first_weekday) % 7};
    return week < wall_time(0) ? 0 : minutes_of(week) % (pattern.period * week_minutes);
  }
  const auto months = static_cast<unsigned>(months_since_1601(start) % pattern.period);
  return minutes_of(local_days{year{1601 + static_cast<int>(months / 12)} / month{months % 12 + 1} / 1});
}

/// Returns the part of the rule that no pattern can tell, or nothing.
std::string_view set_end(const RecurrenceRule& rule, WallTime start, std::optional<WallTime> until,
                         RecurrencePattern& pattern) {
  if (!rule.count && !until) return {};
  if (rule.count) {
    const auto end = instance_day(pattern, *rule.count - 1);
    if (!end) return "COUNT";
    pattern.end = PatternEnd::after_count;
    pattern.count = *rule.count;
    pattern.end_date = minutes_of(*end);
    return {};
  }
  const std::uint64_t count = instances_until(pattern, *until - (start - midnight_of(start)));
  if (count == 0) return "UNTIL";
  pattern.end = PatternEnd::by_date;
  pattern.count = static_cast<std::uint32_t>(count);
  pattern.end_date = minutes_of(*instance_day(pattern, count - 1));
  return {};
}

std::string weekday_list(std::uint32_t mask) {
  std::string list;
  for (unsigned i = 1; i <= 7; ++i) {
    if ((mask >> (i % 7) & 1) == 0) continue;
    if (!list.empty()) list += ',';
    list += weekday_names[i % 7];
  }
  return list;
}

std::string days_text(const RecurrencePattern& pattern) {
  if (pattern.type == PatternType::week) return ";BYDAY=" + weekday_list(pattern.weekdays);
  if (!is_monthly(pattern)) return {};
  std::string text;
  if (pattern.frequency == PatternFrequency::yearly) {
    const year_month_day start{floor<days>(wall_time(pattern.start_date))};
    text = ";BYMONTH=" + std::to_string(unsigned{start.month()});
  }
  if (pattern.type == PatternType::month_end) return text + ";BYMONTHDAY=-1";
  if (pattern.type == PatternType::month) return text + ";BYMONTHDAY=" + std::to_string(pattern.day);
  const std::string nth = pattern.nth == last_nth ? "-1" : std::to_string(pattern.nth);
  if (std::popcount(pattern.weekdays & 0x7f) == 1) return text + ";BYDAY=" + nth + weekday_list(pattern.weekdays);
  return text + ";BYDAY=" + weekday_list(pattern.weekdays) + ";BYSETPOS=" + nth;
}

}  // namespace

std::optional<WallTime> instance_day(const RecurrencePattern& pattern, std::uint64_t index) {
  constexpr std::uint64_t most_instances = std::uint64_t{2900} * 366;
  const WallTime end = local_days{year{4501} / 1 / 1};
  if (pattern.period == 0 || index > most_instances) return std::nullopt;
  std::optional<WallTime> day;
  if (pattern.type == PatternType::day) {
    day = wall_time(pattern.start_date) + minutes{static_cast<std::int64_t>(index) * pattern.period};
  } else if (pattern.type == PatternType::week) {
    day = week_instance(pattern, index);
  } else if (is_monthly(pattern)) {
    day = month_instance(pattern, index);
  }
  if (!day || *day >= end) return std::nullopt;
  return day;
}

bool has_instance(const RecurrencePattern& pattern, WallTime day) {
  const std::uint64_t count = instances_until(pattern, day);
  if (count == 0 || minutes_of(day) > pattern.end_date) return false;
  return instance_day(pattern, count - 1) == day;
}

std::expected<RecurrencePattern, std::string> pattern_of(const RecurrenceRule& rule, WallTime start,
                                                         std::optional<WallTime> until, std::string& approximated) {
  RecurrencePattern pattern;
  pattern.first_weekday = rule.week_start;
  pattern.start_date = minutes_of(midnight_of(start));
  if (const auto part = set_days(rule, start, pattern, approximated); !part.empty()) {
    return std::unexpected(std::string(part));
  }
  const auto first = instance_day(pattern, 0);
  if (!first) return std::unexpected(std::string("FREQ"));
  if (*first != midnight_of(start)) approximated = "the start is no instance of the rule";
  pattern.start_date = minutes_of(*first);
  pattern.first_date = first_date_of(pattern);
  if (const auto part = set_end(rule, start, until, pattern); !part.empty()) return std::unexpected(std::string(part));
  return pattern;
}

std::optional<std::string> rule_text(const RecurrencePattern& pattern, std::string_view until) {
  if (pattern.period == 0) return std::nullopt;
  std::uint32_t interval = pattern.period;
  std::string text = "FREQ=MONTHLY";
  if (pattern.type == PatternType::day) {
    text = "FREQ=DAILY";
    interval /= day_minutes;
  } else if (pattern.type == PatternType::week) {
    text = "FREQ=WEEKLY";
  } else if (!is_monthly(pattern)) {
    return std::nullopt;
  } else if (pattern.frequency == PatternFrequency::yearly) {
    text = "FREQ=YEARLY";
    interval /= 12;
  }
  if (interval == 0) return std::nullopt;
  if (interval > 1) text += ";INTERVAL=" + std::to_string(interval);
  text += days_text(pattern);
  if (pattern.first_weekday != 1) text += ";WKST=" + std::string(weekday_names[pattern.first_weekday % 7]);
  if (pattern.end == PatternEnd::after_count) text += ";COUNT=" + std::to_string(pattern.count);
  if (pattern.end == PatternEnd::by_date) text += ";UNTIL=" + std::string(until);
  return text;
}

}  // namespace mapistore::conversion
