#include "core/properties/property_xattr_values.h"

#include <type_traits>
#include <vector>

#include "core/codec/utf8.h"
#include "core/properties/property_names.h"
#include "core/properties/property_values.h"

namespace mapistore {
namespace {

template <class T>
constexpr bool is_multivalue = false;
template <class Element>
constexpr bool is_multivalue<std::vector<Element>> = !std::is_same_v<Element, std::byte>;

PropertyType element_type(PropertyType type) noexcept {
  return static_cast<PropertyType>(std::to_underlying(type) & ~std::to_underlying(PropertyType::multivalue));
}

bool is_multivalue_type(PropertyType type) noexcept { return element_type(type) != type; }

std::unexpected<Error> too_large(const PropertyId& id) {
  return fail(Errc::too_large, property_key(id), "has more than 64 KiB", "its property file tells it");
}

std::unexpected<Error> not_as_text(const PropertyId& id, std::string_view what) {
  return fail(Errc::unsupported, property_key(id), what, "its property file tells it");
}

Result<std::string> unicode_text(const PropertyId& id, std::string text) {
  if (text.size() > largest_xattr_value) return too_large(id);
  if (text.find('\0') != std::string::npos) return not_as_text(id, "holds a NUL");
  if (!codec::is_valid_utf8(text)) return not_as_text(id, "holds a lone surrogate");
  return text;
}

/// The text of a value that is not a multivalue.
Result<std::string> single_text(const PropertyId& id, PropertyType type, const PropertyValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return unicode_text(id, *text);
  if (const auto* large = std::get_if<LargeValue>(&value)) {
    if (MAPISTORE_TRY(large->content->size()) > largest_xattr_value) return too_large(id);
    if (type == PropertyType::unicode)
      return unicode_text(id, MAPISTORE_TRY(large->content->text(largest_xattr_value)));
  }
  auto json = property_value_text({PropertyTag(0, type), value});
  if (!json) return json;
  if (json->starts_with('"')) *json = json->substr(1, json->size() - 2);
  if (json->size() > largest_xattr_value) return too_large(id);
  return json;
}

template <class Element>
Result<std::string> lines(const PropertyId& id, PropertyType type, const std::vector<Element>& elements) {
  std::string text;
  for (const auto& element : elements) {
    const std::string line = MAPISTORE_TRY(single_text(id, type, PropertyValue(element)));
    if (line.find('\n') != std::string::npos) return not_as_text(id, "holds a line end in an element");
    if (elements.size() == 1 && line.empty()) return not_as_text(id, "is one empty element");
    if (&element != &elements.front()) text += '\n';
    text += line;
    if (text.size() > largest_xattr_value) return too_large(id);
  }
  return text;
}

/// Whether the values of a type are strings in JSON.
bool is_quoted(PropertyType type) noexcept {
  using enum PropertyType;
  switch (type) {
    case short_integer:
    case long_integer:
    case floating:
    case double_precision:
    case application_time:
    case error:
    case boolean:
    case string8: return false;
    default: return true;
  }
}

/// The JSON text of what stands on one line, found to be a value of `type`.
Result<std::string> json_of(PropertyType type, std::string_view text) {
  const bool needs_quotes = is_quoted(type) && !text.starts_with("{\"");
  if (needs_quotes && text.find_first_of("\"\\") != std::string_view::npos)
    return fail(Errc::invalid_argument, type_text(type), "holds a quote or a backslash");
  std::string json(text);
  if (needs_quotes) json.insert(0, 1, '"') += '"';
  if (auto value = parse_property_value(type, json); !value) {
    value.error().code = Errc::invalid_argument;
    return std::unexpected(std::move(value).error());
  }
  return json;
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  if (text.empty()) return lines;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  lines.push_back(text);
  return lines;
}

}  // namespace

Result<std::string> xattr_value_text(const Property& property) {
  const PropertyType type = element_type(type_of(property.id));
  return std::visit(
      [&](const auto& value) -> Result<std::string> {
        if constexpr (is_multivalue<std::remove_cvref_t<decltype(value)>>)
          return lines(property.id, type, value);
        else
          return single_text(property.id, type, property.value);
      },
      property.value);
}

Result<PropertyValue> parse_xattr_value(PropertyType type, std::string_view text) {
  const PropertyType element = element_type(type);
  if (element == PropertyType::unicode) {
    if (!codec::is_valid_utf8(text)) return fail(Errc::invalid_argument, type_text(type), "is not UTF-8");
    if (!is_multivalue_type(type)) return std::string(text);
    std::vector<std::string> elements;
    for (const std::string_view line : split_lines(text)) elements.emplace_back(line);
    return elements;
  }
  if (!is_multivalue_type(type)) return parse_property_value(type, MAPISTORE_TRY(json_of(type, text)));
  std::string json;
  for (const std::string_view line : split_lines(text))
    json.append(json.empty() ? "[" : ",") += MAPISTORE_TRY(json_of(element, line));
  return parse_property_value(type, json.empty() ? "[]" : json + ']');
}

}  // namespace mapistore
