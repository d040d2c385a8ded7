#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec/little_endian.h"
#include "core/conversion/tnef_stream.h"

namespace mapistore::conversion {

// TNEF written by hand, for tests: each function gives the bytes of one piece.

template <std::integral T>
std::string number(T value) {
  codec::LittleEndianWriter writer;
  writer.put(value);
  return {reinterpret_cast<const char*>(writer.bytes().data()), writer.bytes().size()};
}

inline std::string padded(std::string bytes) {
  while (bytes.size() % 4 != 0) bytes += '\0';
  return bytes;
}

/// A value of variable size: its length, itself, padding.
inline std::string counted(std::string_view bytes) {
  return number(static_cast<std::uint32_t>(bytes.size())) + padded(std::string(bytes));
}

/// The bytes of UTF-16 with its NUL.
inline std::string wide(std::u16string_view text) {
  std::string out;
  for (const char16_t unit : text) out += number(static_cast<std::uint16_t>(unit));
  return out + std::string(2, '\0');
}

inline std::string tag_of(std::uint16_t type, std::uint16_t id) { return number(type) + number(id); }

inline std::string list_of(const std::vector<std::string>& properties) {
  std::string out = number(static_cast<std::uint32_t>(properties.size()));
  for (const std::string& property : properties) out += property;
  return out;
}

inline std::string text8(std::uint16_t id, const std::string& text) {
  return tag_of(0x001e, id) + number(1u) + counted(text + '\0');
}

inline std::string text16(std::uint16_t id, std::u16string_view text) {
  return tag_of(0x001f, id) + number(1u) + counted(wide(text));
}

inline std::string long_number(std::uint16_t id, std::int32_t value) { return tag_of(0x0003, id) + number(value); }

inline std::string attribute(std::uint8_t level, std::uint32_t id, std::string_view data) {
  std::uint32_t sum = 0;
  for (const char c : data) sum += static_cast<unsigned char>(c);
  return number(level) + number(id) + number(static_cast<std::uint32_t>(data.size())) + std::string(data) +
         number(static_cast<std::uint16_t>(sum));
}

inline std::string of_message(std::uint32_t id, std::string_view data) { return attribute(1, id, data); }
inline std::string of_attachment(std::uint32_t id, std::string_view data) { return attribute(2, id, data); }

inline std::string version() { return of_message(0x00089006, number(0x10000u)); }
inline std::string code_page(std::uint32_t page) { return of_message(0x00069007, number(page) + number(0u)); }

/// A whole stream.
inline std::string tnef(std::string_view attributes) {
  return number(0x223E9F78u) + number(std::uint16_t{7}) + version() + std::string(attributes);
}

inline std::string rendering(std::uint16_t kind, std::int32_t position) {
  return of_attachment(0x00069002, number(kind) + number(position) + number(0u) + number(0u));
}

}  // namespace mapistore::conversion
