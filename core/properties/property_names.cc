#include "core/properties/property_names.h"

#include <algorithm>
#include <array>

#include "core/codec/ascii.h"
#include "core/properties/guid_text.h"
#include "core/properties/known_properties.h"
#include "core/properties/nearest_name.h"

namespace mapistore {
namespace {

struct TypeName {
  std::uint16_t type;
  std::string_view single, multiple;
};
constexpr std::array type_names = {
    TypeName{0x02, "SHORT", "MV_SHORT"},
    TypeName{0x03, "LONG", "MV_LONG"},
    TypeName{0x04, "FLOAT", "MV_FLOAT"},
    TypeName{0x05, "DOUBLE", "MV_DOUBLE"},
    TypeName{0x06, "CURRENCY", "MV_CURRENCY"},
    TypeName{0x07, "APPTIME", "MV_APPTIME"},
    TypeName{0x0a, "ERROR", ""},
    TypeName{0x0b, "BOOLEAN", ""},
    TypeName{0x0d, "OBJECT", ""},
    TypeName{0x14, "I8", "MV_I8"},
    TypeName{0x1e, "STRING8", "MV_STRING8"},
    TypeName{0x1f, "UNICODE", "MV_UNICODE"},
    TypeName{0x40, "SYSTIME", "MV_SYSTIME"},
    TypeName{0x48, "CLSID", "MV_CLSID"},
    TypeName{0xfb, "SVREID", ""},
    TypeName{0xfd, "SRESTRICTION", ""},
    TypeName{0xfe, "ACTIONS", ""},
    TypeName{0x102, "BINARY", "MV_BINARY"},
};

constexpr std::string_view key_of_known =
    "use a canonical name such as PidTagSubject, 0x6abc@BINARY, "
    "{guid}#0x85d8@LONG or {guid}:name@UNICODE";

std::unexpected<Error> wrong(std::string_view text, std::string_view what, std::string_view hint = {}) {
  return fail(Errc::invalid_argument, text.substr(0, 100), what, hint);
}

/// What stands before the type, and the type if there is one.
struct Split {
  std::string_view name;
  std::optional<PropertyType> type;
};

Result<Split> split_type(std::string_view text, std::string_view rest) {
  const std::size_t at = rest.rfind('@');
  if (at == std::string_view::npos) return Split{rest, std::nullopt};
  const auto type = parse_type(rest.substr(at + 1));
  if (!type) return wrong(text, "ends with what is no type", "use a type such as UNICODE, LONG, BINARY or MV_UNICODE");
  return Split{rest.substr(0, at), type};
}

Result<PropertyId> parse_name_in_set(std::string_view text) {
  const auto set = parse_guid(text.substr(0, guid_text_size));
  if (!set) return wrong(text, "does not begin with a GUID in braces", key_of_known);
  const std::string_view rest = text.substr(guid_text_size);
  const auto [name, type] = MAPISTORE_TRY(split_type(text, rest));
  PropertyName parsed{*set, 0u, type.value_or(PropertyType::unspecified)};
  if (name.starts_with('#')) {
    const auto number = parse_hex(name.substr(1));
    if (!number) return wrong(text, "has no number after #", key_of_known);
    parsed.name = *number;
  } else if (name.starts_with(':')) {
    parsed.name = std::string(name.substr(1));
  } else {
    return wrong(text, "has neither # nor : after its GUID", key_of_known);
  }
  if (type) return parsed;
  const KnownProperty* known = find_known_property(PropertyId(parsed));
  if (known == nullptr) return wrong(text, "has no type", "add one, such as @UNICODE");
  return known->id();
}

Result<PropertyId> parse_number(std::string_view text) {
  const auto [name, type] = MAPISTORE_TRY(split_type(text, text));
  const auto number = parse_hex(name);
  if (!number) return wrong(text, "is no hexadecimal number of at most eight digits", key_of_known);
  const bool is_whole_tag = name.size() > 6;
  if (is_whole_tag && type) return wrong(text, "tells its type twice");
  PropertyTag tag(static_cast<std::uint16_t>(*number), type.value_or(PropertyType::unspecified));
  if (is_whole_tag) tag = {static_cast<std::uint16_t>(*number >> 16), static_cast<PropertyType>(*number & 0xffff)};
  if (tag.is_named())
    return wrong(text, "is a mapped id, which means something in one store only", "use {guid}#0x... or {guid}:...");
  if (type || is_whole_tag) return tag;
  const KnownProperty* known = find_known_property(PropertyId(tag));
  if (known == nullptr) return wrong(text, "has no type", "add one, such as @UNICODE");
  return known->id();
}

PropertyId with_type(const KnownProperty& known, std::optional<PropertyType> type) {
  PropertyId id = known.id();
  if (!type) return id;
  if (auto* tag = std::get_if<PropertyTag>(&id))
    *tag = {tag->id(), *type};
  else
    std::get<PropertyName>(id).type = *type;
  return id;
}

}  // namespace

std::string_view type_name(PropertyType type) noexcept {
  constexpr auto multivalue = std::to_underlying(PropertyType::multivalue);
  const auto raw = std::to_underlying(type);
  const auto found = std::ranges::find(type_names, raw & ~multivalue, &TypeName::type);
  if (found == type_names.end()) return {};
  return (raw & multivalue) != 0 ? found->multiple : found->single;
}

PropertyType type_of(const PropertyId& id) noexcept {
  const auto* tag = std::get_if<PropertyTag>(&id);
  return tag != nullptr ? tag->type() : std::get<PropertyName>(id).type;
}

std::string type_text(PropertyType type) {
  const std::string_view name = type_name(type);
  return name.empty() ? hex_text(std::to_underlying(type), 4) : std::string(name);
}

std::optional<PropertyType> parse_type(std::string_view text) noexcept {
  if (const auto number = parse_hex(text); number && *number <= 0xffff) return static_cast<PropertyType>(*number);
  if (text.empty()) return std::nullopt;
  for (const TypeName& name : type_names) {
    const auto type = static_cast<PropertyType>(name.type);
    if (text == name.single) return type;
    if (text == name.multiple) return multivalue_of(type);
  }
  return std::nullopt;
}

std::string hex_text(std::uint32_t value, std::size_t digits) {
  constexpr std::string_view alphabet = "0123456789abcdef";
  std::string text = "0x";
  for (std::size_t digit = 8; digit-- > 0;)
    if (digit < digits || value >> (4 * digit) != 0) text += alphabet[value >> (4 * digit) & 0xf];
  return text;
}

std::optional<std::uint32_t> parse_hex(std::string_view text) noexcept {
  if (text.size() < 3 || text.size() > 10 || text[0] != '0' || codec::lower(text[1]) != 'x') return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(2)) {
    const int digit = codec::hex_value(c);
    if (digit < 0) return std::nullopt;
    value = value << 4 | static_cast<std::uint32_t>(digit);
  }
  return value;
}

std::string property_key(const PropertyId& id) {
  const auto* tag = std::get_if<PropertyTag>(&id);
  if (tag != nullptr && tag->is_named()) return {};
  if (const KnownProperty* known = find_known_property(id)) {
    std::string key(known->name);
    return type_of(known->id()) == type_of(id) ? key : key + '@' + type_text(type_of(id));
  }
  const std::string type = '@' + type_text(type_of(id));
  if (tag != nullptr) return hex_text(tag->id(), 4) + type;
  const auto& name = std::get<PropertyName>(id);
  if (const auto* number = std::get_if<std::uint32_t>(&name.name))
    return guid_text(name.set) + '#' + hex_text(*number, 4) + type;
  return guid_text(name.set) + ':' + std::get<std::string>(name.name) + type;
}

Result<PropertyId> parse_property_key(std::string_view text) {
  if (text.starts_with('{')) return parse_name_in_set(text);
  if (codec::starts_ignoring_case(text, "0x")) return parse_number(text);
  const auto [name, type] = MAPISTORE_TRY(split_type(text, text));
  if (const KnownProperty* known = find_known_property(name)) return with_type(*known, type);
  const std::string_view nearest = nearest_known_name(name);
  return wrong(text, "is no known property",
               nearest.empty() ? std::string(key_of_known) : "did you mean " + std::string(nearest) + "?");
}

}  // namespace mapistore
