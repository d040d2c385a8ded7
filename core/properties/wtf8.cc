#include "core/properties/wtf8.h"

#include "core/codec/utf8.h"

namespace mapistore {
namespace {

constexpr std::uint8_t byte_at(std::string_view text, std::size_t at) noexcept {
  return at < text.size() ? static_cast<std::uint8_t>(text[at]) : 0;
}

constexpr bool continues(std::uint8_t byte) noexcept { return (byte & 0xc0) == 0x80; }

struct Decoded {
  char32_t code_point = 0xfffd;
  std::size_t length = 1;
};

/// One sequence of UTF-8, surrogates among them.
constexpr Decoded decode(std::string_view text) noexcept {
  const std::uint8_t a = byte_at(text, 0), b = byte_at(text, 1), c = byte_at(text, 2), d = byte_at(text, 3);
  if (a < 0x80) return {a, 1};
  if (a >= 0xc2 && a < 0xe0 && continues(b)) return {(a & 0x1fu) << 6 | (b & 0x3fu), 2};
  if (a >= 0xe0 && a < 0xf0 && continues(b) && continues(c)) {
    const char32_t point = (a & 0xfu) << 12 | (b & 0x3fu) << 6 | (c & 0x3fu);
    if (point >= 0x800) return {point, 3};
  }
  if (a >= 0xf0 && a < 0xf5 && continues(b) && continues(c) && continues(d)) {
    const char32_t point = (a & 7u) << 18 | (b & 0x3fu) << 12 | (c & 0x3fu) << 6 | (d & 0x3fu);
    if (point >= 0x10000 && point <= 0x10ffff) return {point, 4};
  }
  return {};
}

void append_unit(Binary& out, char32_t unit) {
  out.push_back(static_cast<std::byte>(unit & 0xff));
  out.push_back(static_cast<std::byte>(unit >> 8));
}

}  // namespace

char32_t take_code_point(std::string_view& text) noexcept {
  const Decoded first = decode(text);
  text.remove_prefix(first.length);
  if (!is_high_surrogate(first.code_point) || text.empty()) return first.code_point;
  const Decoded second = decode(text);
  if (!is_low_surrogate(second.code_point)) return first.code_point;
  text.remove_prefix(second.length);
  return join_surrogates(first.code_point, second.code_point);
}

std::string wtf8_of_utf16(std::span<const std::byte> utf16) {
  const auto unit = [&](std::size_t at) {
    return std::to_integer<char32_t>(utf16[at]) | std::to_integer<char32_t>(utf16[at + 1]) << 8;
  };
  std::string text;
  text.reserve(utf16.size() / 2);
  for (std::size_t at = 0; at + 1 < utf16.size(); at += 2) {
    char32_t point = unit(at);
    if (is_high_surrogate(point) && at + 3 < utf16.size() && is_low_surrogate(unit(at + 2))) {
      point = join_surrogates(point, unit(at + 2));
      at += 2;
    }
    codec::append_code_point(text, point);
  }
  return text;
}

void append_utf16(Binary& out, std::string_view text) {
  while (!text.empty()) {
    const char32_t point = take_code_point(text);
    if (point < 0x10000) {
      append_unit(out, point);
    } else {
      append_unit(out, 0xd800 + ((point - 0x10000) >> 10));
      append_unit(out, 0xdc00 + ((point - 0x10000) & 0x3ff));
    }
  }
}

}  // namespace mapistore
