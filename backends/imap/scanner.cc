#include "backends/imap/scanner.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "backends/imap/text.h"

namespace mapistore::imap {

namespace {

constexpr std::array<std::string_view, 12> months{"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                  "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};

std::string two_digits(auto value) {
  const std::string digits = std::to_string(value);
  return digits.size() < 2 ? '0' + digits : digits;
}

/// The size that `{n}` at the beginning says, and its length; a `~` before it is left to the caller.
struct LiteralHead {
  std::uint64_t size = 0;
  std::size_t length = 0;
};

std::optional<LiteralHead> literal_head(std::string_view text) {
  if (!text.starts_with('{')) return std::nullopt;
  const std::size_t end = text.find('}');
  if (end == std::string_view::npos) return std::nullopt;
  const auto size = parse_number(text.substr(1, end - 1));
  if (!size) return std::nullopt;
  return LiteralHead{*size, end + 1};
}

/// The number at `at` of so many digits at most, which are taken.
std::optional<int> take_digits(std::string_view& text, std::size_t most) {
  int value = 0;
  std::size_t count = 0;
  while (count < most && count < text.size() && text[count] >= '0' && text[count] <= '9')
    value = value * 10 + (text[count++] - '0');
  if (count == 0) return std::nullopt;
  text.remove_prefix(count);
  return value;
}

bool take_character(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::chrono::minutes> take_zone(std::string_view text) {
  const bool west = text.starts_with('-');
  if (!west && !text.starts_with('+')) return std::nullopt;
  text.remove_prefix(1);
  const auto zone = take_digits(text, 4);
  if (!zone || !text.empty()) return std::nullopt;
  const std::chrono::minutes offset{*zone / 100 * 60 + *zone % 100};
  return west ? -offset : offset;
}

std::optional<std::chrono::year_month_day> take_date(std::string_view& text) {
  take_character(text, ' ');
  const auto day = take_digits(text, 2);
  if (!day || !take_character(text, '-')) return std::nullopt;
  const auto month = std::ranges::find(months, upper_case(text.substr(0, 3)));
  if (month == months.end()) return std::nullopt;
  text.remove_prefix(3);
  if (!take_character(text, '-')) return std::nullopt;
  const auto year = take_digits(text, 4);
  if (!year) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(month - months.begin()) + 1},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  // Beyond these years a Time of nanoseconds ends.
  if (!date.ok() || *year < 1700 || *year > 2200) return std::nullopt;
  return date;
}

}  // namespace

std::string upper_case(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), upper);
  return result;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, {}, upper, upper);
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Time> parse_date_time(std::string_view text) {
  const auto date = take_date(text);
  if (!date || !take_character(text, ' ')) return std::nullopt;
  const auto hours = take_digits(text, 2);
  if (!hours || !take_character(text, ':')) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes || !take_character(text, ':')) return std::nullopt;
  const auto seconds = take_digits(text, 2);
  if (!seconds || !take_character(text, ' ')) return std::nullopt;
  const auto zone = take_zone(text);
  if (!zone) return std::nullopt;
  return std::chrono::sys_days{*date} + std::chrono::hours{*hours} + std::chrono::minutes{*minutes} +
         std::chrono::seconds{*seconds} - *zone;
}

std::string date_text(std::chrono::sys_days day) {
  const std::chrono::year_month_day date{day};
  std::string month{months[static_cast<unsigned>(date.month()) - 1]};
  for (std::size_t at = 1; at < month.size(); ++at) month[at] = static_cast<char>(month[at] - 'A' + 'a');
  return two_digits(static_cast<unsigned>(date.day())) + '-' + month + '-' +
         std::to_string(static_cast<int>(date.year()));
}

std::string date_time_text(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::seconds>(time - day)};
  return date_text(day) + ' ' + two_digits(clock.hours().count()) + ':' + two_digits(clock.minutes().count()) + ':' +
         two_digits(clock.seconds().count()) + " +0000";
}

bool Scanner::take(char expected) {
  if (at_end() || text_[at_] != expected) return false;
  ++at_;
  return true;
}

void Scanner::skip_spaces() {
  while (take(' ')) {
  }
}

template <char... Ends>
std::string_view Scanner::take_up_to() {
  // Not find_first_of, which calls a function for each character, and this is most of what is done for a listing.
  const std::size_t begin = std::min(at_, text_.size());
  for (at_ = begin; at_ < text_.size() && ((text_[at_] != Ends) && ...);) ++at_;
  return text_.substr(begin, at_ - begin);
}

std::string_view Scanner::word() { return take_up_to<' ', '(', ')'>(); }

std::string_view Scanner::item_name() { return take_up_to<' ', '(', ')', '['>(); }

std::string Scanner::upper_word() { return upper_case(word()); }

std::optional<std::uint64_t> Scanner::number() {
  const std::size_t before = at_;
  const auto value = parse_number(word());
  if (!value) at_ = before;
  return value;
}

std::optional<ScannedString> Scanner::quoted() {
  const std::size_t before = at_;
  if (!take('"')) return std::nullopt;
  ScannedString result;
  while (!at_end()) {
    const char letter = text_[at_++];
    if (letter == '"') {
      result.size = result.bytes.size();
      return result;
    }
    if (letter == '\\' && !at_end()) {
      result.bytes += text_[at_++];
    } else {
      result.bytes += letter;
    }
  }
  at_ = before;
  return std::nullopt;
}

std::optional<ScannedString> Scanner::literal() {
  const std::size_t tilde = peek() == '~' ? 1 : 0;
  const auto head = literal_head(text_.substr(std::min(at_ + tilde, text_.size())));
  if (!head) return std::nullopt;
  std::size_t from = at_ + tilde + head->length;
  if (from < text_.size() && text_[from] == '\r') ++from;
  if (from >= text_.size() || text_[from] != '\n') return std::nullopt;
  ++from;
  ScannedString result;
  result.size = head->size;
  result.left_out = std::ranges::binary_search(left_out_, from);
  if (!result.left_out) {
    if (head->size > text_.size() - from) return std::nullopt;
    result.bytes = text_.substr(from, static_cast<std::size_t>(head->size));
    from += result.bytes.size();
  }
  at_ = from;
  return result;
}

std::optional<std::uint64_t> Scanner::pending_literal() const {
  std::string_view left = rest();
  if (left.starts_with('~')) left.remove_prefix(1);
  const auto head = literal_head(left);
  if (!head || head->length != left.size()) return std::nullopt;
  return head->size;
}

std::optional<ScannedString> Scanner::string() {
  if (peek() == '"') return quoted();
  if (auto found = literal()) return found;
  const std::size_t before = at_;
  if (!equal_ignoring_case(word(), "NIL")) {
    at_ = before;
    return std::nullopt;
  }
  ScannedString nil;
  nil.is_nil = true;
  return nil;
}

std::optional<ScannedString> Scanner::astring() {
  if (auto found = string()) return found;
  ScannedString atom;
  atom.bytes = word();
  atom.size = atom.bytes.size();
  if (atom.bytes.empty()) return std::nullopt;
  return atom;
}

std::optional<std::vector<std::string>> Scanner::strings() {
  std::vector<std::string> found;
  if (!take('(')) {
    const auto nil = string();
    return nil && nil->is_nil ? std::optional{found} : std::nullopt;
  }
  while (!at_end()) {
    skip_spaces();
    if (take(')')) return found;
    if (auto value = astring()) {
      found.push_back(std::move(value->bytes));
    } else {
      skip_value();
    }
  }
  return std::nullopt;
}

std::optional<std::vector<std::string>> Scanner::words() {
  if (!take('(')) return std::nullopt;
  std::vector<std::string> found;
  while (!at_end()) {
    skip_spaces();
    if (take(')')) return found;
    const std::string_view next = word();
    if (next.empty()) return std::nullopt;
    found.emplace_back(next);
  }
  return std::nullopt;
}

std::optional<std::string> Scanner::section() {
  const std::size_t before = at_;
  if (!take('[')) return std::nullopt;
  bool is_quoted = false;
  for (std::size_t end = at_; end < text_.size(); ++end) {
    if (text_[end] == '"') is_quoted = !is_quoted;
    if (text_[end] != ']' || is_quoted) continue;
    std::string found = upper_case(text_.substr(at_, end - at_));
    at_ = end + 1;
    return found;
  }
  at_ = before;
  return std::nullopt;
}

void Scanner::skip_value() {
  std::size_t depth = 0;
  do {
    skip_spaces();
    if (take('(')) {
      ++depth;
    } else if (take(')')) {
      if (depth > 0) --depth;
    } else if (!astring() && !at_end()) {
      ++at_;
    }
  } while (depth > 0 && !at_end());
}

}  // namespace mapistore::imap
