#include "core/codec/date.h"

#include <array>
#include <charconv>
#include <chrono>

#include "core/codec/ascii.h"

namespace mapistore::codec {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// A moment in pieces, unchecked.
struct Moment {
  int year = -1;
  int month = -1;
  int day = -1;
  int hour = -1;
  int minute = 0;
  int second = 0;
  minutes offset{0};
};

/// Years whose every moment fits in Time with any offset.
constexpr int first_year = 1678;
constexpr int last_year = 2261;

std::optional<Time> time_of(const Moment& moment) {
  using namespace std::chrono;
  const year_month_day date{year{moment.year}, month{static_cast<unsigned>(moment.month)},
                            day{static_cast<unsigned>(moment.day)}};
  if (moment.year < first_year || moment.year > last_year || !date.ok()) return std::nullopt;
  if (moment.hour < 0 || moment.hour > 24 || moment.minute > 59 || moment.second > 60) return std::nullopt;
  return sys_days{date} + hours{moment.hour} + minutes{moment.minute} + seconds{moment.second} - moment.offset;
}

/// The months and the obsolete zones by their first three letters; whole names say no more.
int month_named(std::string_view word) noexcept {
  static constexpr std::array<std::string_view, 12> months{"jan", "feb", "mar", "apr", "may", "jun",
                                                           "jul", "aug", "sep", "oct", "nov", "dec"};
  for (std::size_t i = 0; i < months.size(); ++i) {
    if (starts_ignoring_case(word, months[i])) return static_cast<int>(i) + 1;
  }
  return -1;
}

minutes offset_of_zone(std::string_view word) noexcept {
  struct Zone {
    std::string_view name;
    int hours;
  };
  static constexpr std::array zones{Zone{"EST", -5}, Zone{"EDT", -4}, Zone{"CST", -6}, Zone{"CDT", -5},
                                    Zone{"MST", -7}, Zone{"MDT", -6}, Zone{"PST", -8}, Zone{"PDT", -7},
                                    Zone{"CET", 1},  Zone{"CEST", 2}, Zone{"MET", 1},  Zone{"MEST", 2},
                                    Zone{"EET", 2},  Zone{"EEST", 3}, Zone{"JST", 9}};
  for (const Zone& zone : zones) {
    if (equal_ignoring_case(word, zone.name)) return hours{zone.hours};
  }
  return minutes{0};
}

class MailDateParser {
 public:
  explicit MailDateParser(std::string_view value) noexcept : rest_(value) {}

  std::optional<Time> parse() {
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (is_digit(c)) number();
      else if (is_letter(c)) word();
      else if (c == '(' && moment_.hour >= 0) break;
      else if ((c == '+' || c == '-') && moment_.hour >= 0 && moment_.year >= 0) offset();
      else rest_.remove_prefix(1);
    }
    if (moment_.day < 0 || moment_.month < 0 || moment_.year < 0) return std::nullopt;
    return time_of(moment_);
  }

 private:
  struct Digits {
    int value;
    std::size_t length;
  };

  /// Takes the digits in front; a number too long for any date becomes an impossible one.
  Digits take_digits() noexcept {
    std::size_t length = 0;
    while (length < rest_.size() && is_digit(rest_[length])) ++length;
    int value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + length, value);
    rest_.remove_prefix(length);
    return {error == std::errc{} ? value : 99999, length};
  }

  bool followed_by(char c) const noexcept { return rest_.size() > 1 && rest_[0] == c && is_digit(rest_[1]); }

  int take_after(char separator) noexcept {
    if (!followed_by(separator)) return 0;
    rest_.remove_prefix(1);
    return take_digits().value;
  }

  void number() {
    const auto [value, length] = take_digits();
    const bool dotted = followed_by('.') && moment_.year >= 0 && length <= 2;
    if (moment_.hour < 0 && (followed_by(':') || dotted)) {
      moment_.hour = value;
      moment_.minute = take_after(dotted ? '.' : ':');
      moment_.second = take_after(dotted ? '.' : ':');
      take_after('.');
    } else if (length >= 4 && moment_.year < 0) {
      moment_.year = value;
      if (moment_.month < 0 && followed_by('-')) {
        moment_.month = take_after('-');
        moment_.day = take_after('-');
      }
    } else if (moment_.day < 0) {
      moment_.day = value;
    } else if (moment_.year < 0) {
      moment_.year = value + (length == 3 || value >= 50 ? 1900 : 2000);
    }
  }

  void word() {
    std::size_t length = 0;
    while (length < rest_.size() && is_letter(rest_[length])) ++length;
    const std::string_view word = rest_.substr(0, length);
    rest_.remove_prefix(length);
    if (moment_.hour < 0) {
      if (moment_.month < 0) moment_.month = month_named(word);
    } else if (equal_ignoring_case(word, "pm")) {
      if (moment_.hour < 12) moment_.hour += 12;
    } else if (equal_ignoring_case(word, "am")) {
      if (moment_.hour == 12) moment_.hour = 0;
    } else if (const int month = moment_.month < 0 ? month_named(word) : -1; month > 0) {
      moment_.month = month;
    } else if (!offset_known_) {
      moment_.offset = offset_of_zone(word);
    }
  }

  void offset() {
    const int sign = rest_.front() == '-' ? -1 : 1;
    rest_.remove_prefix(1);
    if (rest_.empty() || !is_digit(rest_.front())) return;
    const auto [value, length] = take_digits();
    const int zone_hours = length <= 2 ? value : value / 100;
    const int zone_minutes = length <= 2 ? take_after(':') : value % 100;
    if (offset_known_ || zone_hours > 24 || zone_minutes > 59) return;
    moment_.offset = sign * (hours{zone_hours} + minutes{zone_minutes});
    offset_known_ = true;
  }

  std::string_view rest_;
  Moment moment_;
  bool offset_known_ = false;
};

}  // namespace

std::optional<Time> parse_mail_date(std::string_view value) { return MailDateParser(value).parse(); }

std::optional<CalendarDate> parse_calendar_date(std::string_view value) {
  std::array<char, 14> digits{};
  std::size_t count = 0;
  for (const char c : value) {
    if (is_digit(c) && count < digits.size()) digits[count++] = c;
    else if (c == '.' || c == ',') break;
    else if (c != '-' && c != ':' && lower(c) != 't' && lower(c) != 'z' && !is_blank(c)) return std::nullopt;
  }
  if (count != 8 && count != 12 && count != 14) return std::nullopt;
  const auto number = [&](std::size_t from, std::size_t length) {
    int result = 0;
    for (const char c : std::string_view(digits.data() + from, length)) result = result * 10 + (c - '0');
    return result;
  };
  Moment moment{number(0, 4), number(4, 2), number(6, 2), 0, 0, 0, minutes{0}};
  if (count > 8) moment.hour = number(8, 2), moment.minute = number(10, 2);
  if (count > 12) moment.second = number(12, 2);
  const auto time = time_of(moment);
  if (!time) return std::nullopt;
  return CalendarDate{*time, count == 8};
}

}  // namespace mapistore::codec
