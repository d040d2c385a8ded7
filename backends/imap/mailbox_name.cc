#include "backends/imap/mailbox_name.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace mapistore::imap {

using namespace std::string_view_literals;

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

/// The code point at `at`, which moves past it; nothing if the bytes there are not UTF-8.
std::optional<char32_t> take_utf8(std::string_view text, std::size_t& at) {
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

constexpr std::string_view inbox = "INBOX";

char upper(char letter) { return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter; }

bool is_inbox(std::string_view name) { return std::ranges::equal(name, inbox, {}, upper); }

/// The text of modified UTF-7 in any form, canonical or not.
std::optional<std::string> decode_any_utf7(std::string_view raw) {
  std::string text;
  for (std::size_t at = 0; at < raw.size(); ++at) {
    if (raw[at] != '&') {
      text += raw[at];
      continue;
    }
    const std::size_t end = raw.find('-', at);
    if (end == std::string_view::npos) return std::nullopt;
    const auto units = take_base64(raw.substr(at + 1, end - at - 1));
    if (!units || !put_utf16(text, *units)) return std::nullopt;
    if (end == at + 1) text += '&';
    at = end;
  }
  return text;
}

/// The text with what is not UTF-8 replaced, byte by byte.
std::string readable(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t from = at;
    if (take_utf8(bytes, at)) {
      text += bytes.substr(from, at - from);
    } else {
      text += "\xef\xbf\xbd"sv;
      at = from + 1;
    }
  }
  return text;
}

}  // namespace

std::optional<std::string> encode_utf7(std::string_view text) {
  std::string raw;
  std::u16string units;  // a run that plain characters end
  for (std::size_t at = 0; at < text.size();) {
    const auto point = take_utf8(text, at);
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

std::optional<std::string> decode_utf7(std::string_view raw) {
  auto text = decode_any_utf7(raw);
  if (!text || encode_utf7(*text) != raw) return std::nullopt;
  return text;
}

std::string shown_name(std::string_view raw, NameEncoding encoding) {
  if (encoding == NameEncoding::utf7)
    if (auto text = decode_utf7(raw)) return *std::move(text);
  return readable(raw);
}

Result<std::string> raw_name(std::string_view shown, NameEncoding encoding) {
  if (shown.empty()) return fail(Errc::invalid_argument, shown, "a mailbox needs a name");
  const auto is_control = [](char letter) { return (letter >= 0 && letter < 0x20) || letter == 0x7f; };
  if (std::ranges::any_of(shown, is_control))
    return fail(Errc::invalid_argument, readable(shown), "has a control character, which no mailbox's name may have");
  auto raw = encode_utf7(shown);
  if (!raw) return fail(Errc::invalid_argument, readable(shown), "is not UTF-8");
  return encoding == NameEncoding::utf7 ? *std::move(raw) : std::string(shown);
}

bool same_mailbox(std::string_view a, std::string_view b) noexcept {
  return canonical_mailbox(a) == canonical_mailbox(b);
}

std::string_view canonical_mailbox(std::string_view raw) noexcept { return is_inbox(raw) ? inbox : raw; }

}  // namespace mapistore::imap
