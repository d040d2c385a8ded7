#include "core/codec/transfer.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/codec/ascii.h"

namespace mapistore::codec {
namespace {

constexpr std::uint8_t not_base64 = 0xFF;
/// More blanks than this before a line end are not from a gateway that pads lines, and stay.
constexpr std::size_t longest_padding = 1000;

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr auto base64_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(not_base64);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

void append_quoted(std::string& out, std::string_view text, char blank) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\r' || c == '\n') continue;
    if (c == blank) {
      out += ' ';
      continue;
    }
    const int high = c == '=' && at + 2 < text.size() ? hex_value(text[at + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[at + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      at += 2;
    } else if (c != '=' || (at + 1 < text.size() && text[at + 1] != '\r' && text[at + 1] != '\n')) {
      out += c;
    }
  }
}

}  // namespace

void Base64Decoder::append(std::string& out, std::string_view text) {
  for (const char c : text) {
    const std::uint8_t value = base64_values[static_cast<unsigned char>(c)];
    if (c == '=') count_ = 0;
    if (value == not_base64) continue;
    bits_ = (bits_ << 6) | value;
    count_ += 6;
    if (count_ < 8) continue;
    count_ -= 8;
    out += static_cast<char>((bits_ >> count_) & 0xFF);
  }
}

void append_base64(std::string& out, std::string_view text) { Base64Decoder().append(out, text); }

void append_as_base64(std::string& out, std::string_view bytes) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 3))) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits = bits << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u);
    for (std::size_t i = 0; i < 4; ++i) out += i > bytes.size() ? '=' : alphabet[bits >> (18 - 6 * i) & 63];
  }
}

void QuotedPrintableDecoder::append(std::string& out, std::string_view text, bool last) {
  for (const char c : text) take(out, c);
  if (!last) return;
  // Blanks at the end end the last line.
  if (state_ == State::digit) out += held_;
  held_.clear();
  state_ = State::text;
}

void QuotedPrintableDecoder::retake(std::string& out, char c) {
  out += held_;
  held_.clear();
  state_ = State::text;
  take(out, c);
}

void QuotedPrintableDecoder::take(std::string& out, char c) {
  const bool blank = c == ' ' || c == '\t';
  const bool line_end = c == '\r' || c == '\n';
  switch (state_) {
    case State::text:
      if (c != '=' && !blank) {
        out += c;
        return;
      }
      state_ = blank ? State::blanks : State::equals;
      held_ = c;
      return;
    case State::blanks:
    case State::soft_blanks:
      if (blank && held_.size() < longest_padding) {
        held_ += c;
      } else if (line_end) {
        held_.clear();
        if (state_ == State::blanks) out += c;
        state_ = state_ == State::soft_blanks && c == '\r' ? State::soft_return : State::text;
      } else {
        retake(out, c);
      }
      return;
    case State::equals:
      if (!blank && !line_end && hex_value(c) < 0) return retake(out, c);
      held_ += c;
      state_ = blank ? State::soft_blanks : c == '\r' ? State::soft_return : c == '\n' ? State::text : State::digit;
      if (line_end) held_.clear();
      return;
    case State::digit:
      if (hex_value(c) < 0) return retake(out, c);
      out += static_cast<char>(hex_value(held_[1]) * 16 + hex_value(c));
      held_.clear();
      state_ = State::text;
      return;
    case State::soft_return:
      state_ = State::text;
      if (c != '\n') take(out, c);
      return;
  }
}

std::string base64_of(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  append_as_base64(text, bytes);
  return text;
}

void append_quoted_printable(std::string& out, std::string_view text) { append_quoted(out, text, ' '); }

void append_q_encoding(std::string& out, std::string_view text) { append_quoted(out, text, '_'); }

}  // namespace mapistore::codec
