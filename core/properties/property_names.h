#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <mapistore/property.h>

namespace mapistore {

/// The one text form of a property's identity and type, used in property files and extended attributes.
///
/// The canonical MS-OXPROPS name if the type is the documented one, else `name@TYPE`; an unknown tag is
/// `0x6abc@BINARY`, an unknown name `{guid}#0x85d8@LONG` or `{guid}:text@UNICODE`. Mapped ids (0x8000 and up) have no
/// form: their text is empty.
MAPISTORE_API std::string property_key(const PropertyId& id);

/// The reverse; also takes aliases (PR_SUBJECT), `0x0037001f`, any case of hex digits, and what is known without its
/// type. Errc::invalid_argument names the text and says what is wrong with it, or the nearest known name.
MAPISTORE_API Result<PropertyId> parse_property_key(std::string_view text);

/// TYPE of a key: "UNICODE", "MV_LONG", ...; empty for a number that is no type.
MAPISTORE_API std::string_view type_name(PropertyType type) noexcept;

/// TYPE, or `0x1234` of a number that is no type.
std::string type_text(PropertyType type);
std::optional<PropertyType> parse_type(std::string_view text) noexcept;

MAPISTORE_API PropertyType type_of(const PropertyId& id) noexcept;

/// `0x` and at least `digits` hexadecimal digits, in lower case.
std::string hex_text(std::uint32_t value, std::size_t digits);
/// Of `0x` and one to eight digits in any case; nothing for any other text.
std::optional<std::uint32_t> parse_hex(std::string_view text) noexcept;

}  // namespace mapistore
