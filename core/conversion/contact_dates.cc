#include "core/conversion/contact_dates.h"

#include <chrono>

#include "core/codec/date.h"

namespace mapistore::conversion {
namespace {

using namespace std::chrono;

constexpr sys_days first_day = sys_days{year{1601} / January / 1};
constexpr sys_days no_day = sys_days{year{4500} / January / 1};

void append_number(std::string& text, unsigned number, int digits) {
  if (digits > 1) append_number(text, number / 10, digits - 1);
  text += static_cast<char>('0' + number % 10);
}

}  // namespace

std::optional<ContactDay> parse_contact_day(std::string_view text) {
  const auto date = codec::parse_calendar_date(text);
  if (!date) return std::nullopt;
  const auto count = static_cast<std::uint64_t>((floor<days>(date->time) - first_day).count());
  return ContactDay{{count * SystemTime::per_day}, !date->date_only};
}

std::optional<std::string> contact_day_text(SystemTime time, bool dashes) {
  const std::uint64_t count =
      time.ticks / SystemTime::per_day + (time.ticks % SystemTime::per_day >= SystemTime::per_day / 2 ? 1 : 0);
  if (count >= static_cast<std::uint64_t>((no_day - first_day).count())) return std::nullopt;
  const year_month_day date{first_day + days{static_cast<int>(count)}};
  std::string text;
  append_number(text, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  if (dashes) text += '-';
  append_number(text, static_cast<unsigned>(date.month()), 2);
  if (dashes) text += '-';
  append_number(text, static_cast<unsigned>(date.day()), 2);
  return text;
}

}  // namespace mapistore::conversion
