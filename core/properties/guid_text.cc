#include "core/properties/guid_text.h"

#include <array>

#include "core/codec/ascii.h"

namespace mapistore {
namespace {

// Which byte comes next in the text: the first three fields are numbers in little endian.
constexpr std::array<std::uint8_t, 16> order = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

constexpr bool dash_before(std::size_t byte) noexcept { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

}  // namespace

std::string guid_text(const Guid& guid) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text = "{";
  text.reserve(guid_text_size);
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (dash_before(i)) text += '-';
    text += digits[guid.bytes[order[i]] >> 4];
    text += digits[guid.bytes[order[i]] & 0xf];
  }
  return text += '}';
}

std::optional<Guid> parse_guid(std::string_view text) noexcept {
  if (text.size() != guid_text_size || text.front() != '{' || text.back() != '}') return std::nullopt;
  Guid guid;
  std::size_t at = 1;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (dash_before(i) && text[at++] != '-') return std::nullopt;
    const int high = codec::hex_value(text[at]);
    const int low = codec::hex_value(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    guid.bytes[order[i]] = static_cast<std::uint8_t>(high << 4 | low);
    at += 2;
  }
  return guid;
}

}  // namespace mapistore
