#pragma once

#include <string>
#include <string_view>

#include <mapistore/message_object.h>

namespace mapistore {

/// The longest name that the kernel takes.
inline constexpr std::size_t longest_xattr_name = 255;

/// The extended attribute that tells a property: `user.mapi.PidTagSubject`, `user.mapi.tag.0x6abc0102`,
/// `user.mapi.id.{guid}.0x85d8@LONG`, `user.mapi.name.{guid}.text@UNICODE` with everything but letters, digits and
/// `-._` as %XX. The last 32 bytes of one that would be too long are `~` and a hash of it. Mapped ids have none: empty.
MAPISTORE_API std::string property_xattr_name(const PropertyId& id);

/// Whether a name has the form of one of these.
MAPISTORE_API bool is_property_xattr_name(std::string_view name) noexcept;

/// The property that a name means; its type is `unspecified` if neither the name nor MS-OXPROPS tells it.
/// Errc::invalid_argument says what is wrong; also of a hash, which can only be found among properties.
MAPISTORE_API Result<PropertyId> parse_property_xattr_name(std::string_view name);

/// The property of `bag` that a name means, whatever its type; null if there is none.
MAPISTORE_API const Property* find_by_xattr_name(const PropertyBag& bag, std::string_view name);

}  // namespace mapistore
