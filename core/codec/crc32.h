#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace mapistore::codec {

inline constexpr auto crc32_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? (value >> 1) ^ 0xEDB88320u : value >> 1;
    table[i] = value;
  }
  return table;
}();

/// The remainder of what `state` is the remainder of and `bytes` behind it, by the polynomial of ISO/IEC 8802-3, lowest
/// bit first. Where to begin and whether to invert at the end is the caller's.
constexpr std::uint32_t crc32_remainder(std::uint32_t state, std::string_view bytes) noexcept {
  for (const char c : bytes) state = crc32_table[(state ^ static_cast<unsigned char>(c)) & 0xFFu] ^ (state >> 8);
  return state;
}

}  // namespace mapistore::codec
