#pragma once

#include <string>
#include <string_view>

#include <mapistore/property.h>

namespace mapistore {

/// The one text form of a property's identity and type, used in property files and extended attributes.
///
/// The canonical MS-OXPROPS name if the type is the documented one, else `name@TYPE`; an unknown tag is
/// `0x6abc@BINARY`, an unknown name `{guid}#0x85d8@LONG` or `{guid}:text@UNICODE`. Mapped ids (0x8000 and up) have no
/// form.
MAPISTORE_API std::string property_key(const PropertyId& id);

/// The reverse; also takes aliases (PR_SUBJECT), `0x0037001f`, any case of hex digits. Errc::invalid_argument names the
/// text and says what is wrong with it, or the nearest known name.
MAPISTORE_API Result<PropertyId> parse_property_key(std::string_view text);

/// TYPE of a key: "UNICODE", "MV_LONG", ...; empty for a number that is no type.
MAPISTORE_API std::string_view type_name(PropertyType type) noexcept;

}  // namespace mapistore
