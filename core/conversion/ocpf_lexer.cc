#include "core/conversion/ocpf_lexer.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "core/codec/ascii.h"
#include "core/codec/date.h"
#include "core/codec/utf8.h"
#include "core/conversion/ocpf.h"
#include "core/properties/system_time.h"

namespace mapistore::conversion {
namespace {

bool is_word(char c) noexcept { return codec::is_letter(c) || codec::is_digit(c) || c == '_' || c == '-'; }

std::size_t word_length(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, is_word) - text.begin());
}

}  // namespace

std::unexpected<Error> OcpfLexer::error(std::string_view what, std::string_view hint, Errc code) const {
  const std::string_view before = text_.substr(0, begin_);
  const auto line = std::ranges::count(before, '\n') + 1;
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return fail(code, "line " + std::to_string(line) + ", column " + std::to_string(begin_ - line_begin + 1), what, hint);
}

Result<> OcpfLexer::skip_blanks() {
  while (position_ < text_.size()) {
    if (codec::is_blank(text_[position_])) {
      ++position_;
    } else if (rest().starts_with("/*")) {
      MAPISTORE_CHECK(skip_comment());
    } else {
      break;
    }
  }
  return {};
}

Result<> OcpfLexer::skip_comment() {
  begin_ = position_;
  std::size_t depth = 0;
  while (position_ < text_.size()) {
    if (rest().starts_with("/*")) {
      if (++depth > deepest_ocpf_comment) return error("comments are nested too deeply");
      position_ += 2;
    } else if (rest().starts_with("*/")) {
      position_ += 2;
      if (--depth == 0) return {};
    } else {
      ++position_;
    }
  }
  return error("this comment has no end");
}

Result<> OcpfLexer::advance() {
  MAPISTORE_CHECK(skip_blanks());
  piece_ = {};
  begin_ = position_;
  if (position_ == text_.size()) return {};
  const char c = text_[position_];
  const std::string_view after = rest().substr(1);
  if (c == '"') return read_text(position_);
  if (c == 'W' && after.starts_with('"')) return read_text(position_ + 1);
  if (c == 'B' && after.starts_with('"')) {
    MAPISTORE_CHECK(read_text(position_ + 1));
    const std::string text = std::get<std::string>(piece_.value);
    if (text != "true" && text != "false") return error("is neither B\"true\" nor B\"false\"");
    piece_.value = text == "true";
    return {};
  }
  if (c == 'T' && !after.empty() && codec::is_digit(after[0])) return read_time();
  const bool prefixed = (c == 'S' || c == 'L' || c == 'D') && (after.starts_with("0x") || after.starts_with("-") ||
                                                               (!after.empty() && codec::is_digit(after[0])));
  const bool negative = c == '-' && !after.empty() && (codec::is_digit(after[0]) || after[0] == 'S');
  if (codec::is_digit(c) || prefixed || negative) return read_number();
  if (c == '$' || codec::is_letter(c)) {
    const std::size_t skipped = c == '$' ? 1 : 0;
    piece_.token = c == '$' ? OcpfToken::variable : OcpfToken::word;
    piece_.text = rest().substr(skipped, word_length(rest().substr(skipped)));
    if (piece_.text.empty()) return error("a variable needs a name");
    position_ += skipped + piece_.text.size();
    return {};
  }
  if (std::string_view("{}<>=:;,").find(c) == std::string_view::npos) return error("an unexpected character");
  piece_.token = OcpfToken::punctuation;
  piece_.text = rest().substr(0, 1);
  ++position_;
  return {};
}

/// A quote within a text is doubled.
Result<> OcpfLexer::read_text(std::size_t quote) {
  std::string text;
  for (std::size_t at = quote + 1; at < text_.size(); ++at) {
    if (text_[at] != '"') {
      text += text_[at];
    } else if (at + 1 < text_.size() && text_[at + 1] == '"') {
      text += '"';
      ++at;
    } else {
      position_ = at + 1;
      if (!codec::is_valid_utf8(text)) return error("this text is not in UTF-8");
      piece_.token = OcpfToken::literal;
      piece_.value = std::move(text);
      return {};
    }
  }
  return error("this text has no end");
}

/// `T2008-03-06 22:00:00`
Result<> OcpfLexer::read_time() {
  constexpr std::size_t length = 20;
  const std::string_view text = rest().substr(0, length);
  const bool formed = text.size() == length && text[11] == ' ' && text[14] == ':' && text[17] == ':';
  const auto date = formed ? codec::parse_calendar_date(text.substr(1)) : std::nullopt;
  if (!date || date->date_only) return error("is no time", "a time is written as T2008-03-06 22:00:00");
  piece_.token = OcpfToken::literal;
  piece_.value = mapistore::to_system_time(std::chrono::floor<std::chrono::seconds>(date->time));
  position_ += length;
  return {};
}

/// A number is an int32, S a short, D 64 bits; one with a point is a double.
Result<> OcpfLexer::read_number() {
  std::string_view digits = rest().substr(0, word_length(rest()));
  const std::string_view after = rest().substr(digits.size());
  piece_.token = OcpfToken::literal;
  if (after.size() > 1 && after[0] == '.' && codec::is_digit(after[1])) {
    double number = 0;
    const auto [end, failure] = std::from_chars(rest().data(), rest().data() + rest().size(), number);
    if (failure != std::errc{}) return error("is no number");
    position_ = static_cast<std::size_t>(end - text_.data());
    piece_.value = number;
    return {};
  }
  position_ += digits.size();
  bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  const char kind = codec::is_letter(digits.empty() ? '0' : digits[0]) ? digits[0] : 'L';
  if (!digits.empty() && codec::is_letter(digits[0])) digits.remove_prefix(1);
  if (digits.starts_with('-') && !negative) negative = true, digits.remove_prefix(1);
  const bool hexadecimal = digits.starts_with("0x");
  if (hexadecimal) digits.remove_prefix(2);
  std::uint64_t number = 0;
  const auto [end, failure] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, hexadecimal ? 16 : 10);
  if (failure != std::errc{} || end != digits.data() + digits.size()) return error("is no number");
  const std::uint64_t limit = kind == 'S'   ? std::numeric_limits<std::uint16_t>::max()
                              : kind == 'D' ? std::numeric_limits<std::uint64_t>::max()
                                            : std::numeric_limits<std::uint32_t>::max();
  if (number > limit || (negative && number > limit / 2 + 1)) return error("this number is too large for its type");
  const std::uint64_t bits = negative ? 0 - number : number;
  if (kind == 'S')
    piece_.value = static_cast<std::int16_t>(bits);
  else if (kind == 'D')
    piece_.value = static_cast<std::int64_t>(bits);
  else
    piece_.value = static_cast<std::int32_t>(bits);
  return {};
}

}  // namespace mapistore::conversion
