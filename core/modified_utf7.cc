#include <mapistore/modified_utf7.h>

#include <cstdint>
#include <utility>

namespace mapistore::modified_utf7 {

namespace {

constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

bool is_plain(char character) { return character >= 0x20 && character <= 0x7e; }

/// How many bytes a character that begins with `first` has; zero: none begins so.
std::size_t utf8_length(unsigned char first) {
  if (first < 0x80) return 1;
  if (first < 0xc0) return 0;
  if (first < 0xe0) return 2;
  if (first < 0xf0) return 3;
  return first < 0xf8 ? 4 : 0;
}

void put_utf8(std::string& text, char32_t point) {
  const auto put = [&](char32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (point < 0x80) return put(point);
  if (point < 0x800)
    put(0xc0 | (point >> 6));
  else if (point < 0x10000)
    put(0xe0 | (point >> 12));
  else
    put(0xf0 | (point >> 18));
  if (point >= 0x10000) put(0x80 | ((point >> 12) & 0x3f));
  if (point >= 0x800) put(0x80 | ((point >> 6) & 0x3f));
  put(0x80 | (point & 0x3f));
}

/// Appends the base64 of `units`, big-endian, without padding.
void put_base64(std::string& text, const std::u16string& units) {
  text += '&';
  std::uint32_t bits = 0;
  int count = 0;
  for (const char16_t unit : units) {
    bits = (bits << 16) | unit;
    for (count += 16; count >= 6; count -= 6) text += digits[(bits >> (count - 6)) & 0x3f];
  }
  if (count > 0) text += digits[(bits << (6 - count)) & 0x3f];
  text += '-';
}

std::optional<std::u16string> take_base64(std::string_view text) {
  std::u16string units;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char character : text) {
    const std::size_t digit = digits.find(character);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 16) continue;
    count -= 16;
    units += static_cast<char16_t>(bits >> count);
  }
  return units;
}

bool put_utf16(std::string& text, const std::u16string& units) {
  for (std::size_t at = 0; at < units.size(); ++at) {
    const char32_t unit = units[at];
    if (unit < 0xd800 || unit >= 0xe000) {
      put_utf8(text, unit);
      continue;
    }
    const char32_t low = at + 1 < units.size() ? units[at + 1] : 0;
    if (unit >= 0xdc00 || low < 0xdc00 || low >= 0xe000) return false;
    put_utf8(text, 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
    ++at;
  }
  return true;
}

void put_units(std::u16string& units, char32_t point) {
  if (point < 0x10000) {
    units += static_cast<char16_t>(point);
    return;
  }
  units += static_cast<char16_t>(0xd800 + ((point - 0x10000) >> 10));
  units += static_cast<char16_t>(0xdc00 + ((point - 0x10000) & 0x3ff));
}

}  // namespace

std::optional<char32_t> take_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  const unsigned char first = byte(at);
  const std::size_t length = utf8_length(first);
  if (length == 0 || at + length > text.size()) return std::nullopt;
  char32_t point = length == 1 ? first : first & (0x7fu >> length);
  for (std::size_t index = at + 1; index < at + length; ++index) {
    if ((byte(index) >> 6) != 2) return std::nullopt;
    point = (point << 6) | (byte(index) & 0x3fu);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (point < least[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return std::nullopt;
  at += length;
  return point;
}

std::optional<std::string> encode(std::string_view text) {
  std::string raw;
  std::u16string units;  // a run that plain characters end
  for (std::size_t at = 0; at < text.size();) {
    const auto point = take_code_point(text, at);
    if (!point) return std::nullopt;
    const bool plain = *point < 0x80 && is_plain(static_cast<char>(*point));
    if (!plain) put_units(units, *point);
    if (plain && !units.empty()) put_base64(raw, std::exchange(units, {}));
    if (plain) raw += static_cast<char>(*point);
    if (plain && *point == U'&') raw += '-';
  }
  if (!units.empty()) put_base64(raw, units);
  return raw;
}

std::optional<std::string> decode(std::string_view name) {
  std::string text;
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (name[at] != '&') {
      text += name[at];
      continue;
    }
    const std::size_t end = name.find('-', at);
    if (end == std::string_view::npos) return std::nullopt;
    const auto units = take_base64(name.substr(at + 1, end - at - 1));
    if (!units || !put_utf16(text, *units)) return std::nullopt;
    if (end == at + 1) text += '&';
    at = end;
  }
  return text;
}

}  // namespace mapistore::modified_utf7
