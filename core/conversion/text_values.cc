#include "core/conversion/text_values.h"

#include <algorithm>

#include "core/codec/ascii.h"
#include "core/codec/shared_content.h"
#include "core/properties/known_properties.h"
#include "core/properties/limits.h"
#include "core/properties/property_names.h"

namespace mapistore::conversion {

std::string lower_case(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), codec::lower);
  return lowered;
}

std::optional<LargeValue> large_value(const PropertyBag& bag, const PropertyId& id) {
  const Property* property = bag.find(id);
  if (property == nullptr) return std::nullopt;
  if (const auto* large = std::get_if<LargeValue>(&property->value)) return *large;
  if (const auto* text = std::get_if<std::string>(&property->value)) return held_content(*text);
  const auto* binary = std::get_if<Binary>(&property->value);
  if (binary == nullptr) return std::nullopt;
  return held_content({reinterpret_cast<const char*>(binary->data()), binary->size()});
}

PropertyValue binary_value(const SharedBytes& bytes) {
  if (bytes.view().size() > largest_held_value) return shared_content(bytes);
  const auto all = std::as_bytes(std::span(bytes.view()));
  return Binary(all.begin(), all.end());
}

void report_untold(const PropertyBag& bag, const std::function<bool(const PropertyId&)>& told, std::string_view reason,
                   LossReport& losses) {
  for (const Property& property : bag) {
    if (!told(property.id) && writability_of(property.id) == Writability::content)
      losses.add(property_key(property.id), Fidelity::dropped, std::string(reason));
  }
}

}  // namespace mapistore::conversion
