#include "core/properties/time_text.h"

#include <chrono>

#include "core/codec/ascii.h"

namespace mapistore {
namespace {

using namespace std::chrono;

constexpr sys_days epoch = year(1601) / January / 1;
constexpr auto days_held = static_cast<std::uint64_t>((sys_days(year(10'000) / January / 1) - epoch).count());

void append_digits(std::string& out, std::uint64_t value, std::size_t count) {
  const std::string digits = std::to_string(value);
  out.append(count - digits.size(), '0') += digits;
}

/// Takes `count` digits and then `end` off the front.
std::optional<std::uint64_t> take_digits(std::string_view& text, std::size_t count, char end) noexcept {
  if (text.size() <= count || text[count] != end) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text.substr(0, count)) {
    if (!codec::is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  text.remove_prefix(count + 1);
  return value;
}

}  // namespace

std::optional<std::string> time_text(SystemTime time) {
  const std::uint64_t day = time.ticks / SystemTime::per_day;
  if (day >= days_held) return std::nullopt;
  const year_month_day date = epoch + days(static_cast<int>(day));
  const std::uint64_t second = time.ticks % SystemTime::per_day / SystemTime::per_second;
  std::string text;
  append_digits(text, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
  append_digits(text += '-', static_cast<unsigned>(date.month()), 2);
  append_digits(text += '-', static_cast<unsigned>(date.day()), 2);
  append_digits(text += 'T', second / 3600, 2);
  append_digits(text += ':', second / 60 % 60, 2);
  append_digits(text += ':', second % 60, 2);
  if (const std::uint64_t fraction = time.ticks % SystemTime::per_second; fraction != 0)
    append_digits(text += '.', fraction, 7);
  return text += 'Z';
}

std::optional<SystemTime> parse_time_text(std::string_view text) noexcept {
  const auto y = take_digits(text, 4, '-'), m = take_digits(text, 2, '-'), d = take_digits(text, 2, 'T');
  const auto hour = take_digits(text, 2, ':'), minute = take_digits(text, 2, ':');
  if (!y || !m || !d || !hour || !minute || text.size() < 3) return std::nullopt;
  const bool has_fraction = text[2] == '.';
  const auto second = take_digits(text, 2, has_fraction ? '.' : 'Z');
  std::uint64_t fraction = 0;
  if (has_fraction) {
    const std::size_t digits = text.find('Z');
    if (digits == 0 || digits > 7) return std::nullopt;
    const auto value = take_digits(text, digits, 'Z');
    if (!value) return std::nullopt;
    fraction = *value;
    for (std::size_t i = digits; i < 7; ++i) fraction *= 10;
  }
  const year_month_day date(year(static_cast<int>(*y)), month(static_cast<unsigned>(*m)),
                            day(static_cast<unsigned>(*d)));
  if (!second || !text.empty() || !date.ok() || *y < 1601 || *hour > 23 || *minute > 59 || *second > 59)
    return std::nullopt;
  const auto day_count = static_cast<std::uint64_t>((sys_days(date) - epoch).count());
  return SystemTime{day_count * SystemTime::per_day + ((*hour * 60 + *minute) * 60 + *second) * SystemTime::per_second +
                    fraction};
}

}  // namespace mapistore
