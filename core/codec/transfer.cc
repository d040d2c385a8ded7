#include "core/codec/transfer.h"

#include <array>
#include <cstdint>

#include "core/codec/ascii.h"

namespace mapistore::codec {
namespace {

constexpr std::uint8_t not_base64 = 0xFF;

constexpr auto base64_values = [] {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
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

void append_quoted_printable(std::string& out, std::string_view text) { append_quoted(out, text, ' '); }

void append_q_encoding(std::string& out, std::string_view text) { append_quoted(out, text, '_'); }

}  // namespace mapistore::codec
