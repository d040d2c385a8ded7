#include "core/conversion/tnef_properties.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>
#include <tuple>
#include <utility>

#include "core/codec/ascii.h"
#include "core/codec/code_pages.h"
#include "core/codec/shared_content.h"
#include "core/conversion/convert.h"
#include "core/properties/known_properties.h"
#include "core/properties/wtf8.h"

namespace mapistore::conversion {
namespace {

constexpr std::size_t alignment = 4;
constexpr std::size_t interface_size = 16;
constexpr std::uint16_t attach_data_id = 0x3701;

/// IID_IMessage: what an object of this kind holds is TNEF again.
constexpr std::string_view message_interface("\x07\x03\x02\0\0\0\0\0\xC0\0\0\0\0\0\0\x46", interface_size);

void skip_padding(codec::LittleEndianReader& reader, std::size_t size) noexcept {
  reader.take_bytes(std::min((alignment - size % alignment) % alignment, reader.left()));
}

/// Bytes that a length stands before, and padding behind.
std::string_view counted(codec::LittleEndianReader& reader) noexcept {
  const auto size = reader.take<std::uint32_t>();
  const std::string_view bytes = reader.take_text(size);
  skip_padding(reader, bytes.size());
  return bytes;
}

/// The text of little-endian UTF-16, as far as its NUL.
std::string text_of_utf16(std::string_view bytes) {
  std::size_t size = 0;
  while (size + 1 < bytes.size() && (bytes[size] != '\0' || bytes[size + 1] != '\0')) size += 2;
  return wtf8_of_utf16(std::as_bytes(std::span(bytes.substr(0, size))));
}

Guid take_guid(codec::LittleEndianReader& reader) noexcept {
  Guid guid;
  const auto bytes = reader.take_bytes(guid.bytes.size());
  if (!bytes.empty()) std::memcpy(guid.bytes.data(), bytes.data(), bytes.size());
  return guid;
}

std::int16_t take_short(codec::LittleEndianReader& reader) noexcept {
  const auto value = reader.take<std::int16_t>();
  skip_padding(reader, sizeof value);
  return value;
}

PropertyValue truth_of(std::int16_t raw) noexcept {
  if (raw != 0 && raw != 1) return raw;
  return raw == 1;
}

std::vector<std::byte> held(std::string_view bytes) {
  const auto view = std::as_bytes(std::span(bytes));
  return {view.begin(), view.end()};
}

PropertyValue value_of_text(std::string text) {
  return text.size() > largest_held_value ? PropertyValue(held_content(std::move(text)))
                                          : PropertyValue(std::move(text));
}

constexpr std::uint16_t multivalue_flag = std::to_underlying(PropertyType::multivalue);

constexpr PropertyType base_of(PropertyType type) noexcept {
  return static_cast<PropertyType>(std::to_underlying(type) & ~multivalue_flag);
}

constexpr bool is_multivalue(PropertyType type) noexcept { return (std::to_underlying(type) & multivalue_flag) != 0; }

constexpr bool is_variable(PropertyType type) noexcept {
  return type == PropertyType::string8 || type == PropertyType::unicode || type == PropertyType::binary ||
         type == PropertyType::object;
}

/// The type that a value has in the model: all text is Unicode, an object its bytes.
constexpr PropertyType type_in_model(PropertyType type) noexcept {
  const PropertyType base = base_of(type);
  const PropertyType model = base == PropertyType::string8  ? PropertyType::unicode
                             : base == PropertyType::object ? PropertyType::binary
                                                            : base;
  return static_cast<PropertyType>(std::to_underlying(model) | (std::to_underlying(type) & multivalue_flag));
}

/// A name whose kind is neither number nor string leaves nothing to go on with.
std::optional<PropertyName> take_name(codec::LittleEndianReader& reader, PropertyType type) {
  PropertyName name{.set = take_guid(reader), .name = {}, .type = type};
  switch (reader.take<std::uint32_t>()) {
    case 0: name.name = reader.take<std::uint32_t>(); return name;
    case 1: {
      std::string text = text_of_utf16(counted(reader));
      // Those are compared without case, and kept in lower case (MS-OXCPRPT 3.2.5.7).
      if (name.set == property_set::ps_internet_headers) std::ranges::transform(text, text.begin(), codec::lower);
      name.name = std::move(text);
      return name;
    }
    default: return std::nullopt;
  }
}

/// `count` values, as far as there are so many: a count costs no memory before its values are there.
template <class Take>
auto take_all(codec::LittleEndianReader& reader, std::uint32_t count, Take take) {
  std::vector<decltype(take())> values;
  for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
    auto value = take();
    if (reader.ok()) values.push_back(std::move(value));
  }
  return values;
}

}  // namespace

TnefValueReader::TnefValueReader(SharedBytes stream, std::uint32_t code_page)
    : stream_{std::move(stream)}, charset_{codec::charset_of_code_page(code_page)} {}

std::string TnefValueReader::text(std::string_view bytes) {
  std::string out;
  charsets_.append(out, charset_, bytes.substr(0, bytes.find('\0')));
  return out;
}

PropertyValue TnefValueReader::text_value(std::string_view bytes) { return value_of_text(text(bytes)); }

PropertyValue TnefValueReader::binary_value(std::string_view bytes) const {
  return bytes.size() > largest_held_value ? PropertyValue(shared_content(stream_.part(bytes))) : held(bytes);
}

std::string TnefValueReader::variable_text(Reader& reader, PropertyType type) {
  const std::string_view bytes = counted(reader);
  return type == PropertyType::string8 ? text(bytes) : text_of_utf16(bytes);
}

/// monostate: not a type that we know, so that its end is unknown as well.
PropertyValue TnefValueReader::one(Reader& reader, PropertyType type) {
  switch (type) {
    case PropertyType::short_integer: return take_short(reader);
    case PropertyType::boolean: return truth_of(take_short(reader));
    case PropertyType::long_integer:
    case PropertyType::error: return reader.take<std::int32_t>();
    case PropertyType::floating: return std::bit_cast<float>(reader.take<std::uint32_t>());
    case PropertyType::double_precision:
    case PropertyType::application_time: return std::bit_cast<double>(reader.take<std::uint64_t>());
    case PropertyType::currency:
    case PropertyType::integer64: return reader.take<std::int64_t>();
    case PropertyType::system_time: return SystemTime{reader.take<std::uint64_t>()};
    case PropertyType::guid: return take_guid(reader);
    case PropertyType::string8:
    case PropertyType::unicode: return value_of_text(variable_text(reader, type));
    case PropertyType::binary: return binary_value(counted(reader));
    default: return {};
  }
}

PropertyValue TnefValueReader::many(Reader& reader, PropertyType type) {
  const auto count = reader.take<std::uint32_t>();
  const auto all = [&](auto take) { return PropertyValue(take_all(reader, count, take)); };
  switch (type) {
    case PropertyType::short_integer: return all([&] { return take_short(reader); });
    case PropertyType::long_integer: return all([&] { return reader.take<std::int32_t>(); });
    case PropertyType::floating: return all([&] { return std::bit_cast<float>(reader.take<std::uint32_t>()); });
    case PropertyType::double_precision:
    case PropertyType::application_time:
      return all([&] { return std::bit_cast<double>(reader.take<std::uint64_t>()); });
    case PropertyType::currency:
    case PropertyType::integer64: return all([&] { return reader.take<std::int64_t>(); });
    case PropertyType::system_time: return all([&] { return SystemTime{reader.take<std::uint64_t>()}; });
    case PropertyType::guid: return all([&] { return take_guid(reader); });
    case PropertyType::string8:
    case PropertyType::unicode: return all([&] { return variable_text(reader, type); });
    case PropertyType::binary: return all([&] { return held(counted(reader)); });
    default: return {};
  }
}

/// False where the list cannot be followed further.
bool TnefValueReader::property(Reader& reader, TnefProperties& into) {
  const auto type = static_cast<PropertyType>(reader.take<std::uint16_t>());
  const PropertyTag tag(reader.take<std::uint16_t>(), type_in_model(type));
  PropertyId id = tag;
  if (tag.is_named()) {
    auto name = take_name(reader, tag.type());
    if (!name) return false;
    id = *std::move(name);
  }
  PropertyValue value;
  if (is_multivalue(type)) {
    value = many(reader, base_of(type));
  } else if (!is_variable(type)) {
    value = one(reader, type);
  } else {
    // A single value is counted too. Of several the first is it; of none there is no property.
    const auto count = reader.take<std::uint32_t>();
    if (count == 0) return reader.ok();
    if (type == PropertyType::object) {
      const std::string_view object = counted(reader);
      const std::string_view content = object.substr(std::min(object.size(), interface_size));
      if (reader.ok() && tag.id() == attach_data_id && object.starts_with(message_interface)) into.embedded = content;
      value = binary_value(content);
    } else {
      value = one(reader, type);
    }
    for (std::uint32_t i = 1; i < count && reader.ok(); ++i) counted(reader);
  }
  if (!reader.ok() || std::holds_alternative<std::monostate>(value)) return false;
  into.properties.push_back({std::move(id), std::move(value)});
  return true;
}

TnefProperties TnefValueReader::list(Reader& reader) {
  TnefProperties found;
  const auto count = reader.take<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && found.complete; ++i) found.complete = property(reader, found);
  found.complete = found.complete && reader.ok();
  return found;
}

TnefProperties TnefValueReader::properties(std::string_view data) {
  Reader reader(std::as_bytes(std::span(data)));
  return list(reader);
}

std::vector<TnefProperties> TnefValueReader::rows(std::string_view data) {
  Reader reader(std::as_bytes(std::span(data)));
  std::vector<TnefProperties> rows;
  const auto count = reader.take<std::uint32_t>();
  for (std::uint32_t i = 0; i < count && (rows.empty() || rows.back().complete); ++i) rows.push_back(list(reader));
  return rows;
}

PropertyBag bag_of(std::vector<Property> properties) {
  const auto name_of = [](const PropertyId& id) { return std::get_if<PropertyName>(&id); };
  std::ranges::stable_sort(properties, [&](const Property& a, const Property& b) {
    const PropertyName* one = name_of(a.id);
    const PropertyName* other = name_of(b.id);
    if (one == nullptr || other == nullptr) {
      if (one != nullptr || other != nullptr) return other != nullptr;
      return std::get<PropertyTag>(a.id).id() < std::get<PropertyTag>(b.id).id();
    }
    return std::tie(one->set, one->name) < std::tie(other->set, other->name);
  });
  PropertyBag bag;
  for (Property& property : properties) bag.set(std::move(property.id), std::move(property.value));
  return bag;
}

}  // namespace mapistore::conversion
