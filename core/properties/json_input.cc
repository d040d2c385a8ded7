#include "core/properties/json_input.h"

#include <algorithm>
#include <utility>

#include "core/codec/ascii.h"
#include "core/codec/utf8.h"
#include "core/properties/wtf8.h"

namespace mapistore {
namespace {

constexpr std::size_t utf8_length(char32_t point) noexcept {
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

constexpr bool is_word(char c) noexcept {
  return codec::is_letter(c) || codec::is_digit(c) || c == '-' || c == '+' || c == '.';
}

/// How many leading characters of a JSON string stand for themselves.
std::size_t plain_prefix(std::string_view text) noexcept {
  const auto special = [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; };
  return static_cast<std::size_t>(std::ranges::find_if(text, special) - text.begin());
}

std::string named(char punctuation) { return std::string("expected ") + punctuation; }

}  // namespace

std::size_t JsonInput::offset() noexcept {
  const std::string_view all = text_.view();
  while (at_ < all.size() && codec::is_blank(all[at_])) ++at_;
  return at_;
}

char JsonInput::peek() noexcept {
  const std::size_t at = offset();
  return at < text_.view().size() ? text_.view()[at] : '\0';
}

bool JsonInput::take(char punctuation) noexcept {
  if (peek() != punctuation) return false;
  ++at_;
  return true;
}

Result<> JsonInput::expect(char punctuation) {
  if (take(punctuation)) return {};
  return error(at_, named(punctuation));
}

Result<> JsonInput::expect_end() {
  if (offset() == text_.view().size()) return {};
  return error(at_, "something follows the end");
}

std::string_view JsonInput::word() noexcept {
  const std::string_view rest = text_.view().substr(offset());
  const std::string_view word =
      rest.substr(0, static_cast<std::size_t>(std::ranges::find_if_not(rest, is_word) - rest.begin()));
  at_ += word.size();
  return word;
}

/// The bytes that the escape at `at`, a backslash, adds to what its string stands for.
Result<std::size_t> JsonInput::escape(std::size_t at, char32_t& previous_high) const {
  const std::string_view text = text_.view().substr(at);
  const char32_t high = std::exchange(previous_high, 0);
  if (text.size() < 2 || std::string_view("\"\\/bfnrtu").find(text[1]) == std::string_view::npos)
    return error(at, "unknown escape");
  if (text[1] != 'u') return 1;
  char32_t unit = 0;
  if (text.size() < 6) return error(at, "\\u needs four hexadecimal digits");
  for (const char c : text.substr(2, 4)) {
    if (codec::hex_value(c) < 0) return error(at, "\\u needs four hexadecimal digits");
    unit = unit << 4 | static_cast<char32_t>(codec::hex_value(c));
  }
  // The first half of a pair has counted as three; the pair has four bytes.
  if (high != 0 && is_low_surrogate(unit)) return 1;
  if (is_high_surrogate(unit)) previous_high = unit;
  return utf8_length(unit);
}

Result<JsonString> JsonInput::string() {
  if (!take('"')) return error(at_, "expected a string");
  const std::string_view all = text_.view();
  const std::size_t start = at_;
  JsonString found;
  char32_t previous_high = 0;
  while (at_ < all.size() && all[at_] != '"') {
    if (all[at_] == '\\') {
      found.has_escapes = true;
      found.size += MAPISTORE_TRY(escape(at_, previous_high));
      at_ += all[at_ + 1] == 'u' ? 6 : 2;
      continue;
    }
    previous_high = 0;
    const std::string_view plain = all.substr(at_, plain_prefix(all.substr(at_)));
    if (plain.empty()) return error(at_, "a control character must be escaped");
    if (const std::size_t valid = codec::valid_utf8_prefix(plain); valid < plain.size())
      return error(at_ + valid, "is not UTF-8");
    found.size += plain.size();
    at_ += plain.size();
  }
  if (at_ == all.size()) return error(start - 1, "the string has no end");
  found.raw = all.substr(start, at_ - start);
  ++at_;
  return found;
}

Result<> JsonInput::skip_value(std::size_t depth) {
  const std::size_t where = offset();
  const char first = peek();
  if (first == '{' || first == '[') {
    if (depth == 0) return error(where, "is nested too deep");
    const auto skip = [&] { return skip_value(depth - 1); };
    return first == '[' ? array(skip) : object([&](const std::string&, std::size_t) { return skip(); });
  }
  if (first != '"') return word().empty() ? Result<>(error(where, "expected a value")) : Result<>{};
  MAPISTORE_CHECK(string());
  return {};
}

std::unexpected<Error> JsonInput::error(std::size_t offset, std::string_view what, std::string_view hint) const {
  const std::string_view before = text_.view().substr(0, offset);
  const auto line = std::ranges::count(before, '\n') + 1;
  const std::string_view in_line = before.substr(before.rfind('\n') + 1);
  const auto begins_character = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
  const auto column = std::ranges::count_if(in_line, begins_character) + 1;
  const std::string where = "line " + std::to_string(line) + ", column " + std::to_string(column) + ": ";
  return fail(Errc::invalid_content, subject_, where + std::string(what), hint);
}

}  // namespace mapistore
