#include "core/properties/entry_ids.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/codec/charset.h"
#include "core/properties/wtf8.h"

namespace mapistore {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::array<std::uint8_t, 16> one_off_provider = {0x81, 0x2b, 0x1f, 0xa4, 0xbe, 0xa3, 0x10, 0x19,
                                                           0x9d, 0x6e, 0x00, 0xdd, 0x01, 0x0f, 0x54, 0x02};
constexpr std::size_t one_off_header = 24;
// The second flag word: texts in Unicode, not to be looked up in a directory, sent as MIME.
constexpr std::uint16_t is_unicode = 0x8000, no_lookup = 0x1000, no_rich_text = 0x0001;

void append_number(Binary& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::byte>(value >> (8 * i)));
}

std::uint32_t number(Bytes bytes, std::size_t at, int count) noexcept {
  std::uint32_t value = 0;
  for (int i = 0; i < count; ++i)
    value |= std::to_integer<std::uint32_t>(bytes[at + static_cast<std::size_t>(i)]) << (8 * i);
  return value;
}

/// Takes a text and the zero that ends it off `bytes`.
std::optional<std::string> take_text(Bytes& bytes, bool unicode) {
  const std::size_t width = unicode ? 2 : 1;
  std::size_t end = 0;
  while (end + width <= bytes.size() && number(bytes, end, static_cast<int>(width)) != 0) end += width;
  if (end + width > bytes.size()) return std::nullopt;
  const Bytes text = bytes.first(end);
  bytes = bytes.subspan(end + width);
  if (unicode) return wtf8_of_utf16(text);
  std::string decoded;
  codec::append_undeclared(decoded, {reinterpret_cast<const char*>(text.data()), text.size()});
  return decoded;
}

std::unexpected<Error> cut_short(std::string_view what) { return fail(Errc::invalid_content, what, "is cut short"); }

}  // namespace

Binary one_off_entry_id(std::string_view display_name, std::string_view address_type, std::string_view address) {
  Binary id;
  append_number(id, 0, 4);
  for (const std::uint8_t byte : one_off_provider) id.push_back(std::byte{byte});
  append_number(id, 0, 2);
  append_number(id, is_unicode | no_lookup | no_rich_text, 2);
  for (const std::string_view text : {display_name, address_type, address}) {
    append_utf16(id, text.substr(0, text.find('\0')));
    append_number(id, 0, 2);
  }
  return id;
}

Result<OneOffAddress> parse_one_off_entry_id(std::span<const std::byte> id) {
  if (id.size() < one_off_header) return cut_short("one-off EntryID");
  const auto is_provider = [](std::byte a, std::uint8_t b) { return std::to_integer<std::uint8_t>(a) == b; };
  if (!std::ranges::equal(id.subspan(4, one_off_provider.size()), one_off_provider, is_provider))
    return fail(Errc::invalid_content, "EntryID", "is not a one-off EntryID");
  const bool unicode = (number(id, 22, 2) & is_unicode) != 0;
  Bytes rest = id.subspan(one_off_header);
  OneOffAddress parsed;
  for (std::string* text : {&parsed.display_name, &parsed.address_type, &parsed.address}) {
    auto taken = take_text(rest, unicode);
    if (!taken) return cut_short("one-off EntryID");
    *text = *std::move(taken);
  }
  return parsed;
}

Binary search_key(std::string_view address_type, std::string_view address) {
  const auto upper = [](char c) { return static_cast<std::byte>(c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c); };
  Binary key;
  key.reserve(address_type.size() + address.size() + 2);
  std::ranges::transform(address_type, std::back_inserter(key), upper);
  key.push_back(std::byte{':'});
  std::ranges::transform(address, std::back_inserter(key), upper);
  key.push_back(std::byte{0});
  return key;
}

Binary flat_entry_list(std::span<const Binary> entries) {
  const auto padding = [](std::size_t size) { return (4 - size % 4) % 4; };
  std::size_t total = 0;
  for (const Binary& entry : entries) total += 4 + entry.size() + padding(entry.size());
  Binary list;
  list.reserve(8 + total);
  append_number(list, static_cast<std::uint32_t>(entries.size()), 4);
  append_number(list, static_cast<std::uint32_t>(total), 4);
  for (const Binary& entry : entries) {
    append_number(list, static_cast<std::uint32_t>(entry.size()), 4);
    list.insert(list.end(), entry.begin(), entry.end());
    list.resize(list.size() + padding(entry.size()));
  }
  return list;
}

Result<std::vector<Binary>> parse_flat_entry_list(std::span<const std::byte> list) {
  if (list.size() < 8) return cut_short("entry list");
  std::vector<Binary> entries;
  std::size_t at = 8;
  for (std::uint32_t left = number(list, 0, 4); left > 0; --left) {
    if (list.size() - at < 4) return cut_short("entry list");
    const std::size_t size = number(list, at, 4);
    at += 4;
    if (list.size() - at < size) return cut_short("entry list");
    const Bytes entry = list.subspan(at, size);
    entries.emplace_back(entry.begin(), entry.end());
    // Writers leave out the padding of the last entry.
    at = std::min(at + (size + 3) / 4 * 4, list.size());
  }
  return entries;
}

}  // namespace mapistore
