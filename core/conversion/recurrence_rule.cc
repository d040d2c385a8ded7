#include "core/conversion/recurrence_rule.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/codec/ascii.h"

namespace mapistore::conversion {
namespace {

using codec::equal_ignoring_case;

constexpr std::array<std::string_view, 7> frequency_names{"SECONDLY", "MINUTELY", "HOURLY", "DAILY",
                                                          "WEEKLY",   "MONTHLY",  "YEARLY"};
/// More values of a part than any rule has a use for.
constexpr std::size_t most_values = 400;

std::optional<unsigned> weekday_of(std::string_view name) noexcept {
  for (unsigned i = 0; i < weekday_names.size(); ++i) {
    if (equal_ignoring_case(name, weekday_names[i])) return i;
  }
  return std::nullopt;
}

template <class T>
std::optional<T> number_of(std::string_view text) noexcept {
  if (text.starts_with('+')) text.remove_prefix(1);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Hands each piece of a list to `take`, which says whether it is one.
template <class Take>
bool each_value(std::string_view list, Take take) {
  for (std::size_t count = 0; count < most_values; ++count) {
    const std::size_t comma = list.find(',');
    if (!take(codec::trim(list.substr(0, comma)))) return false;
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
  return false;
}

bool take_numbers(std::string_view list, int limit, std::vector<int>& out) {
  return each_value(list, [&](std::string_view piece) {
    const auto value = number_of<int>(piece);
    if (!value || *value == 0 || *value > limit || *value < -limit) return false;
    out.push_back(*value);
    return true;
  });
}

bool take_weekdays(std::string_view list, std::vector<RecurrenceRule::Weekday>& out) {
  return each_value(list, [&](std::string_view piece) {
    if (piece.size() < 2) return false;
    const auto weekday = weekday_of(piece.substr(piece.size() - 2));
    const auto nth = piece.size() == 2 ? 0 : number_of<int>(piece.substr(0, piece.size() - 2));
    if (!weekday || !nth || *nth > 53 || *nth < -53) return false;
    out.push_back({*nth, *weekday});
    return true;
  });
}

bool take_positive(std::string_view value, std::uint32_t& out) {
  const auto number = number_of<std::uint32_t>(value);
  if (!number || *number == 0) return false;
  out = *number;
  return true;
}

bool take_frequency(std::string_view value, RecurrenceRule& rule) {
  for (std::size_t i = 0; i < frequency_names.size(); ++i) {
    if (!equal_ignoring_case(value, frequency_names[i])) continue;
    rule.frequency = static_cast<RuleFrequency>(i);
    return true;
  }
  return false;
}

bool take_part(std::string_view name, std::string_view value, RecurrenceRule& rule) {
  const auto is = [&](std::string_view expected) { return equal_ignoring_case(name, expected); };
  if (is("FREQ")) return take_frequency(value, rule);
  if (is("INTERVAL")) return take_positive(value, rule.interval);
  if (is("COUNT")) return take_positive(value, rule.count.emplace());
  if (is("UNTIL")) return (rule.until = parse_calendar_time(value)).has_value();
  if (is("BYDAY")) return take_weekdays(value, rule.weekdays);
  if (is("BYMONTHDAY")) return take_numbers(value, 31, rule.month_days);
  if (is("BYMONTH")) return take_numbers(value, 12, rule.months);
  if (is("BYSETPOS")) return take_numbers(value, 366, rule.positions);
  if (is("WKST")) {
    const auto weekday = weekday_of(value);
    if (weekday) rule.week_start = *weekday;
    return weekday.has_value();
  }
  if (rule.other.empty()) rule.other = name;
  return true;
}

}  // namespace

std::optional<RecurrenceRule> parse_rule(std::string_view value) {
  RecurrenceRule rule;
  bool has_frequency = false;
  while (!value.empty()) {
    const std::size_t semicolon = std::min(value.find(';'), value.size());
    const std::string_view part = codec::trim(value.substr(0, semicolon));
    value.remove_prefix(std::min(semicolon + 1, value.size()));
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view name = codec::trim(part.substr(0, equals));
    if (!take_part(name, codec::trim(part.substr(equals + 1)), rule)) return std::nullopt;
    has_frequency = has_frequency || equal_ignoring_case(name, "FREQ");
  }
  if (!has_frequency) return std::nullopt;
  return rule;
}

std::optional<std::chrono::local_days> yearly_day(const RecurrenceRule& rule, std::chrono::local_days start,
                                                  std::chrono::year year) {
  using namespace std::chrono;
  const year_month_day first{start};
  const int passed = static_cast<int>(year) - static_cast<int>(first.year());
  if (rule.frequency != RuleFrequency::yearly || passed < 0) return std::nullopt;
  if (static_cast<std::uint32_t>(passed) % rule.interval != 0) return std::nullopt;
  const month in = rule.months.empty() ? first.month() : month{static_cast<unsigned>(std::abs(rule.months.front()))};
  const year_month_day_last last = year / in / std::chrono::last;
  const int length = static_cast<int>(unsigned{last.day()});
  const auto day_of = [&](int day) {
    return local_days{year / in / 1} + days{day > 0 ? day - 1 : length + day};
  };
  if (rule.weekdays.empty()) {
    const int day = rule.month_days.empty() ? static_cast<int>(unsigned{first.day()}) : rule.month_days.front();
    const local_days found = day_of(day);
    return year_month_day{found}.month() == in ? std::optional{found} : std::nullopt;
  }
  const auto [nth, number] = rule.weekdays.front();
  const std::chrono::weekday wanted{number};
  for (const int day : rule.month_days) {
    if (std::chrono::weekday{day_of(day)} == wanted) return day_of(day);
  }
  if (!rule.month_days.empty() || nth == 0) return std::nullopt;
  const local_days found = nth > 0 ? local_days{year / in / wanted[1]} + weeks{nth - 1}
                                   : local_days{year / in / wanted[std::chrono::last]} - weeks{-nth - 1};
  return year_month_day{found}.month() == in ? std::optional{found} : std::nullopt;
}

}  // namespace mapistore::conversion
