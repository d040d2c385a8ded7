#include "core/conversion/calendar_time.h"

#include <algorithm>
#include <array>

#include "core/codec/ascii.h"

namespace mapistore::conversion {
namespace {

using namespace std::chrono;

constexpr local_seconds epoch = local_days{year{1601} / 1 / 1};
constexpr sys_seconds first_none = sys_days{year{4501} / 1 / 1};

/// The digits of a value and what stands around them.
struct Digits {
  std::array<char, 14> digits{};
  std::size_t count = 0;
  bool utc = false;
  bool legal = true;

  int number(std::size_t from, std::size_t length) const noexcept {
    int result = 0;
    for (std::size_t i = from; i < from + length; ++i) result = result * 10 + (digits[i] - '0');
    return result;
  }
};

Digits digits_of(std::string_view value) noexcept {
  Digits found;
  for (const char c : codec::trim(value)) {
    if (found.utc) found.legal = false;
    if (codec::is_digit(c)) {
      if (found.count == found.digits.size())
        found.legal = false;
      else
        found.digits[found.count++] = c;
    } else if (codec::lower(c) == 'z') {
      found.utc = true;
    } else if (c != '-' && c != ':' && codec::lower(c) != 't') {
      found.legal = false;
    }
  }
  return found;
}

void append_number(std::string& out, int value, int width) {
  std::string digits = std::to_string(value);
  out.append(static_cast<std::size_t>(std::max(0, width - static_cast<int>(digits.size()))), '0').append(digits);
}

}  // namespace

std::optional<CalendarTime> parse_calendar_time(std::string_view value) {
  const Digits found = digits_of(value);
  if (!found.legal || (found.count != 8 && found.count != 12 && found.count != 14)) return std::nullopt;
  const year_month_day date{year{found.number(0, 4)}, month{static_cast<unsigned>(found.number(4, 2))},
                            day{static_cast<unsigned>(found.number(6, 2))}};
  if (!date.ok() || date.year() < year{1601} || date.year() > year{4500}) return std::nullopt;
  if (found.count == 8) return CalendarTime{local_days{date}, true, false};
  const int hour = found.number(8, 2);
  const int minute = found.number(10, 2);
  const int second = found.count == 14 ? found.number(12, 2) : 0;
  if (hour > 24 || minute > 59 || second > 60 || (hour == 24 && minute + second > 0)) return std::nullopt;
  return CalendarTime{local_days{date} + hours{hour} + minutes{minute} + seconds{std::min(second, 59)}, false,
                      found.utc};
}

std::string calendar_text(const CalendarTime& time) {
  const auto midnight = floor<days>(time.wall);
  const year_month_day date{midnight};
  const hh_mm_ss clock{time.wall - midnight};
  std::string text;
  append_number(text, static_cast<int>(date.year()), 4);
  append_number(text, static_cast<int>(static_cast<unsigned>(date.month())), 2);
  append_number(text, static_cast<int>(static_cast<unsigned>(date.day())), 2);
  if (time.date_only) return text;
  text.push_back('T');
  append_number(text, static_cast<int>(clock.hours().count()), 2);
  append_number(text, static_cast<int>(clock.minutes().count()), 2);
  append_number(text, static_cast<int>(clock.seconds().count()), 2);
  if (time.utc) text.push_back('Z');
  return text;
}

std::optional<seconds> parse_duration(std::string_view value) {
  constexpr std::int64_t longest = std::int64_t{100} * 366 * 86400;
  value = codec::trim(value);
  const bool negative = value.starts_with('-');
  if (negative || value.starts_with('+')) value.remove_prefix(1);
  if (value.empty() || codec::lower(value.front()) != 'p') return std::nullopt;
  value.remove_prefix(1);
  std::int64_t total = 0;
  bool any = false;
  while (!value.empty()) {
    if (codec::lower(value.front()) == 't') value.remove_prefix(1);
    std::int64_t number = 0;
    std::size_t length = 0;
    for (; length < value.size() && codec::is_digit(value[length]) && number <= longest; ++length) {
      number = number * 10 + (value[length] - '0');
    }
    if (length == 0 || length == value.size() || number > longest) return std::nullopt;
    const std::string_view units = "wdhms";
    const std::size_t unit = units.find(codec::lower(value[length]));
    if (unit == std::string_view::npos) return std::nullopt;
    total += number * std::array{604800, 86400, 3600, 60, 1}[unit];
    if (total > longest) return std::nullopt;
    value.remove_prefix(length + 1);
    any = true;
  }
  if (!any) return std::nullopt;
  return seconds{negative ? -total : total};
}

std::string duration_text(seconds duration) {
  std::string text = duration < seconds{0} ? "-P" : "P";
  std::int64_t rest = std::abs(duration.count());
  if (rest != 0 && rest % 604800 == 0) return text + std::to_string(rest / 604800) + "W";
  if (rest >= 86400) text += std::to_string(rest / 86400) + "D";
  rest %= 86400;
  if (rest == 0 && text.size() > 2) return text;
  text += "T";
  if (rest >= 3600) text += std::to_string(rest / 3600) + "H";
  if (rest % 3600 >= 60) text += std::to_string(rest % 3600 / 60) + "M";
  if (rest % 60 != 0 || rest == 0) text += std::to_string(rest % 60) + "S";
  return text;
}

std::optional<SystemTime> to_system_time(UtcTime time) {
  const seconds since = as_wall(time) - epoch;
  if (since < seconds{0}) return std::nullopt;
  return SystemTime{static_cast<std::uint64_t>(since.count()) * SystemTime::per_second};
}

std::optional<UtcTime> to_utc_time(SystemTime time) {
  const auto since = static_cast<std::int64_t>(time.ticks / SystemTime::per_second);
  const UtcTime utc = as_utc(epoch) + seconds{since};
  if (utc >= first_none) return std::nullopt;
  return utc;
}

std::uint32_t minutes_of(WallTime time) { return static_cast<std::uint32_t>(floor<minutes>(time - epoch).count()); }

WallTime wall_time(std::uint32_t minutes) { return epoch + std::chrono::minutes{minutes}; }

}  // namespace mapistore::conversion
