#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <mapistore/property.h>

namespace mapistore {

class JsonInput;
class JsonOutput;

// The JSON text of a property's value, as docs/formats/property_file.md has it: one line, the same everywhere.

/// The text of a value, without large ones being held. `code_page`: what the object says of its string8 values, 0 if
/// it says nothing. Errc::invalid_argument: the value is not one of `type`.
Result<> write_property_value(JsonOutput& out, PropertyType type, const PropertyValue& value, std::uint32_t code_page);

/// Takes a value of `type`; large ones refer into the input's text. Errc::invalid_content.
Result<PropertyValue> read_property_value(JsonInput& input, PropertyType type);

/// The same as one text. Errc::too_large above 64 MiB.
MAPISTORE_API Result<std::string> property_value_text(const Property& property);

/// The reverse of property_value_text.
MAPISTORE_API Result<PropertyValue> parse_property_value(PropertyType type, std::string_view text);

}  // namespace mapistore
