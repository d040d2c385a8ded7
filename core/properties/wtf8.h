#pragma once

#include <span>
#include <string>
#include <string_view>

#include <mapistore/property.h>

namespace mapistore {

// UTF-8 that can hold what Windows has in its UTF-16: a lone surrogate stands as its three bytes (WTF-8).

/// Takes one code point off the front of `text`, which is not empty: a lone surrogate as itself, two that form a pair
/// as the code point they stand for, a byte that begins nothing as U+FFFD.
char32_t take_code_point(std::string_view& text) noexcept;

constexpr bool is_surrogate(char32_t code_point) noexcept { return code_point >= 0xd800 && code_point <= 0xdfff; }
constexpr bool is_high_surrogate(char32_t code_point) noexcept { return code_point >= 0xd800 && code_point <= 0xdbff; }
constexpr bool is_low_surrogate(char32_t code_point) noexcept { return code_point >= 0xdc00 && code_point <= 0xdfff; }
constexpr char32_t join_surrogates(char32_t high, char32_t low) noexcept {
  return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/// Of UTF-16 in little endian; an odd byte at the end is left out.
MAPISTORE_API std::string wtf8_of_utf16(std::span<const std::byte> utf16);

/// Appends `text` as UTF-16 in little endian, without a zero at its end.
MAPISTORE_API void append_utf16(Binary& out, std::string_view text);

}  // namespace mapistore
