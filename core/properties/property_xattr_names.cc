#include "core/properties/property_xattr_names.h"

#include <algorithm>
#include <array>

#include "core/codec/ascii.h"
#include "core/codec/digest.h"
#include "core/properties/guid_text.h"
#include "core/properties/known_properties.h"
#include "core/properties/property_names.h"

namespace mapistore {
namespace {

constexpr std::string_view prefix = "user.mapi.";
constexpr std::string_view tag_form = "tag.", number_form = "id.", text_form = "name.";
constexpr std::size_t hash_digits = 31;
constexpr std::string_view hex_digits = "0123456789abcdef";

constexpr bool stands_for_itself(char c) noexcept {
  return codec::is_letter(c) || codec::is_digit(c) || c == '-' || c == '.' || c == '_';
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (stands_for_itself(c)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    (encoded += '%').append({hex_digits[byte >> 4], hex_digits[byte & 0xf]});
  }
  return encoded;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      decoded += text[at];
      continue;
    }
    const int high = at + 2 < text.size() ? codec::hex_value(text[at + 1]) : -1;
    const int low = at + 2 < text.size() ? codec::hex_value(text[at + 2]) : -1;
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high << 4 | low);
    at += 2;
  }
  return decoded;
}

std::string shortened(std::string name) {
  if (name.size() <= longest_xattr_name) return name;
  const auto digest = codec::sha256(name);
  name.resize(longest_xattr_name - hash_digits - 1);
  name += '~';
  for (std::size_t i = 0; i < hash_digits; ++i)
    name += hex_digits[i % 2 == 0 ? digest[i / 2] >> 4 : digest[i / 2] & 0xf];
  return name;
}

bool is_hashed(std::string_view name) noexcept {
  return name.size() == longest_xattr_name && name[longest_xattr_name - hash_digits - 1] == '~';
}

std::unexpected<Error> wrong_name(std::string_view name, std::string_view what, std::string_view hint = {}) {
  return fail(Errc::invalid_argument, name, what, hint);
}

/// `id` with the type that is known of it, if it tells none.
PropertyId completed(PropertyId id) {
  if (type_of(id) != PropertyType::unspecified) return id;
  const KnownProperty* known = find_known_property(id);
  return known != nullptr ? known->id() : id;
}

Result<PropertyId> parse_tag(std::string_view name, std::string_view rest) {
  const auto number = parse_hex(rest);
  if (!number) return wrong_name(name, "has no number after tag.", "as in user.mapi.tag.0x0037001f");
  const bool is_whole = rest.size() > 6;
  const PropertyTag tag(static_cast<std::uint16_t>(is_whole ? *number >> 16 : *number),
                        is_whole ? static_cast<PropertyType>(*number & 0xffff) : PropertyType::unspecified);
  if (tag.is_named()) return wrong_name(name, "is a mapped id, which means something in one store only");
  return completed(tag);
}

/// `{guid}.number` or `{guid}.text`, with or without a type.
Result<PropertyId> parse_named(std::string_view name, std::string_view rest, bool by_number) {
  const auto set = parse_guid(rest.substr(0, guid_text_size));
  if (!set || rest.size() == guid_text_size || rest[guid_text_size] != '.')
    return wrong_name(name, "has no GUID in braces and a dot", "as in user.mapi.id.{guid}.0x8208");
  std::string_view text = rest.substr(guid_text_size + 1);
  PropertyName parsed{*set, 0u, PropertyType::unspecified};
  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    const auto type = parse_type(text.substr(at + 1));
    if (!type) return wrong_name(name, "ends with what is no type", "as in @UNICODE");
    parsed.type = *type;
    text = text.substr(0, at);
  }
  if (by_number) {
    const auto number = parse_hex(text);
    if (!number) return wrong_name(name, "has no number after its GUID", "as in user.mapi.id.{guid}.0x8208");
    parsed.name = *number;
  } else {
    auto decoded = percent_decoded(text);
    if (!decoded) return wrong_name(name, "has a % without two hexadecimal digits");
    parsed.name = *std::move(decoded);
  }
  return completed(parsed);
}

}  // namespace

std::string property_xattr_name(const PropertyId& id) {
  std::string name(prefix);
  const auto* tag = std::get_if<PropertyTag>(&id);
  if (tag != nullptr && tag->is_named()) return {};
  if (find_known_property(id) != nullptr) return name + property_key(id);
  if (tag != nullptr) return name.append(tag_form) + hex_text(tag->raw(), 8);
  const auto& named = std::get<PropertyName>(id);
  const auto* number = std::get_if<std::uint32_t>(&named.name);
  name.append(number != nullptr ? number_form : text_form).append(guid_text(named.set)) += '.';
  name += number != nullptr ? hex_text(*number, 4) : percent_encoded(std::get<std::string>(named.name));
  return shortened(name + '@' + type_text(named.type));
}

bool is_property_xattr_name(std::string_view name) noexcept {
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  constexpr std::array<std::string_view, 7> beginnings = {"Pid", "PR_", "tag.0x", "tag.0X", "id.{", "name.{", "0x"};
  return std::ranges::any_of(beginnings, [name](std::string_view beginning) { return name.starts_with(beginning); });
}

Result<PropertyId> parse_property_xattr_name(std::string_view name) {
  if (!is_property_xattr_name(name)) return wrong_name(name, "is no attribute of a property");
  if (is_hashed(name)) return wrong_name(name, "is the hash of a longer name", "it can be read, not made");
  const std::string_view rest = name.substr(prefix.size());
  if (rest.starts_with(tag_form)) return parse_tag(name, rest.substr(tag_form.size()));
  if (rest.starts_with(number_form)) return parse_named(name, rest.substr(number_form.size()), true);
  if (rest.starts_with(text_form)) return parse_named(name, rest.substr(text_form.size()), false);
  return parse_property_key(rest);
}

const Property* find_by_xattr_name(const PropertyBag& bag, std::string_view name) {
  if (!is_hashed(name)) {
    const auto id = parse_property_xattr_name(name);
    return id ? bag.find(*id) : nullptr;
  }
  const auto found =
      std::ranges::find_if(bag, [name](const Property& property) { return property_xattr_name(property.id) == name; });
  return found != bag.end() ? &*found : nullptr;
}

}  // namespace mapistore
