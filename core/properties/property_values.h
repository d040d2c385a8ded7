#pragma once
#include <mapistore/property.h>
namespace mapistore {
Result<std::string> property_value_text(const Property& property);
Result<PropertyValue> parse_property_value(PropertyType type, std::string_view text);
PropertyType type_of(const PropertyId& id);
}
