#include "core/codec/utf16.h"

#include <cstdint>

#include "core/codec/utf8.h"

namespace mapistore::codec {
namespace {

constexpr bool is_high(char16_t unit) noexcept { return unit >= 0xd800 && unit < 0xdc00; }
constexpr bool is_low(char16_t unit) noexcept { return unit >= 0xdc00 && unit < 0xe000; }

void append_surrogate(std::string& out, char16_t unit) {
  out.push_back(static_cast<char>(0xe0 | (unit >> 12)));
  out.push_back(static_cast<char>(0x80 | ((unit >> 6) & 0x3f)));
  out.push_back(static_cast<char>(0x80 | (unit & 0x3f)));
}

void append_utf16(std::u16string& out, char32_t code_point) {
  if (code_point < 0x10000) {
    out.push_back(static_cast<char16_t>(code_point));
    return;
  }
  code_point -= 0x10000;
  out.push_back(static_cast<char16_t>(0xd800 + (code_point >> 10)));
  out.push_back(static_cast<char16_t>(0xdc00 + (code_point & 0x3ff)));
}

/// The code point whose bytes `text` begins with, and their count; U+FFFD and one if they are none.
std::pair<char32_t, std::size_t> first_code_point(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 && lead < 0xf5 ? 4 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xc2 ? 2 : 0;
  if (length == 0 || length > text.size() || lead >= 0xf5) return {0xfffd, 1};
  char32_t value = lead & (0x7f >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {0xfffd, 1};
    value = (value << 6) | (byte(i) & 0x3f);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  if (overlong || value > 0x10ffff) return {0xfffd, 1};
  return {value, length};
}

}  // namespace

std::string utf8_of(std::u16string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char16_t unit = text[i];
    if (is_high(unit) && i + 1 < text.size() && is_low(text[i + 1])) {
      append_code_point(out, 0x10000 + ((char32_t{unit} - 0xd800) << 10) + (char32_t{text[++i]} - 0xdc00));
    } else if (is_high(unit) || is_low(unit)) {
      append_surrogate(out, unit);
    } else {
      append_code_point(out, unit);
    }
  }
  return out;
}

std::u16string utf16_of(std::string_view text) {
  std::u16string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto [code_point, length] = first_code_point(text);
    append_utf16(out, code_point);
    text.remove_prefix(length);
  }
  return out;
}

}  // namespace mapistore::codec
