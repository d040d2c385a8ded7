#include "core/codec/transfer.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/codec/ascii.h"

namespace mapistore::codec {
namespace {

constexpr std::uint8_t not_base64 = 0xFF;

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

void append_base64(std::string& out, std::string_view text) {
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::uint8_t value = base64_values[static_cast<unsigned char>(c)];
    if (c == '=') count = 0;
    if (value == not_base64) continue;
    bits = (bits << 6) | value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>((bits >> count) & 0xFF);
  }
}

std::string base64_of(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(3, bytes.size()))) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) bits = bits << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0);
    for (std::size_t i = 0; i < 4; ++i) text += i <= bytes.size() ? alphabet[bits >> (18 - 6 * i) & 63] : '=';
  }
  return text;
}

void append_quoted_printable(std::string& out, std::string_view text) { append_quoted(out, text, ' '); }

void append_q_encoding(std::string& out, std::string_view text) { append_quoted(out, text, '_'); }

}  // namespace mapistore::codec
