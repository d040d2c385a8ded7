#include "core/codec/rtf_tokens.h"

#include <algorithm>
#include <limits>

#include "core/codec/ascii.h"

namespace mapistore::codec {
namespace {

using Kind = RtfToken::Kind;

constexpr bool is_line_end(char c) noexcept { return c == '\r' || c == '\n'; }

}  // namespace

std::optional<RtfToken> RtfTokens::next() noexcept {
  // A line end in RTF is there for those who look at it, and so is a NUL at its end.
  while (position_ < rtf_.size() && (is_line_end(rtf_[position_]) || rtf_[position_] == '\0')) ++position_;
  if (position_ == rtf_.size()) return std::nullopt;
  switch (rtf_[position_]) {
    case '{': ++position_; return RtfToken{.kind = Kind::begin_group, .text = {}, .parameter = {}};
    case '}': ++position_; return RtfToken{.kind = Kind::end_group, .text = {}, .parameter = {}};
    case '\\': ++position_; return control();
    default: break;
  }
  const std::size_t begin = position_;
  position_ = std::min(rtf_.find_first_of(std::string_view("{}\\\r\n\0", 6), begin), rtf_.size());
  return RtfToken{.kind = Kind::text, .text = rtf_.substr(begin, position_ - begin), .parameter = {}};
}

RtfToken RtfTokens::control() noexcept {
  if (position_ == rtf_.size()) return {.kind = Kind::text, .text = {}, .parameter = {}};
  const char first = rtf_[position_];
  if (is_letter(first)) return word();
  ++position_;
  if (first == '\'') return byte();
  if (is_line_end(first)) {
    if (first == '\r' && position_ < rtf_.size() && rtf_[position_] == '\n') ++position_;
    return {.kind = Kind::word, .text = "par", .parameter = {}};
  }
  return {.kind = Kind::symbol, .text = {}, .byte = first, .parameter = {}};
}

RtfToken RtfTokens::word() noexcept {
  const std::size_t begin = position_;
  while (position_ < rtf_.size() && is_letter(rtf_[position_])) ++position_;
  RtfToken token{.kind = Kind::word, .text = rtf_.substr(begin, position_ - begin), .parameter = parameter()};
  if (position_ < rtf_.size() && rtf_[position_] == ' ') ++position_;
  if (token.text == "bin") {
    const auto size = static_cast<std::size_t>(std::max(token.parameter.value_or(0), 0));
    token.kind = Kind::binary;
    token.text = rtf_.substr(position_, size);
    position_ += token.text.size();
  }
  return token;
}

std::optional<std::int32_t> RtfTokens::parameter() noexcept {
  const bool negative = position_ + 1 < rtf_.size() && rtf_[position_] == '-' && is_digit(rtf_[position_ + 1]);
  if (negative) ++position_;
  if (position_ == rtf_.size() || !is_digit(rtf_[position_])) return std::nullopt;
  std::int64_t value = 0;
  for (; position_ < rtf_.size() && is_digit(rtf_[position_]); ++position_) {
    value = std::min<std::int64_t>(value * 10 + (rtf_[position_] - '0'), std::numeric_limits<std::int32_t>::max());
  }
  return static_cast<std::int32_t>(negative ? -value : value);
}

RtfToken RtfTokens::byte() noexcept {
  int value = 0;
  int digits = 0;
  for (; digits < 2 && position_ < rtf_.size() && hex_value(rtf_[position_]) >= 0; ++digits, ++position_) {
    value = value * 16 + hex_value(rtf_[position_]);
  }
  if (digits == 0) return {.kind = Kind::text, .text = {}, .parameter = {}};
  return {.kind = Kind::byte, .text = {}, .byte = static_cast<char>(value), .parameter = {}};
}

}  // namespace mapistore::codec
