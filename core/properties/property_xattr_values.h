#pragma once

#include <string>
#include <string_view>

#include <mapistore/property.h>

namespace mapistore {

/// The largest value of an extended attribute.
inline constexpr std::size_t largest_xattr_value = 64 * 1024;

/// A value as the text of an extended attribute: that of a property file without its quotes and escapes, the elements
/// of a multivalue on a line each.
///
/// Errc::too_large above 64 KiB; Errc::unsupported: a NUL, a lone surrogate, or an element that holds a line end or is
/// the empty text alone, which only a property file can tell.
MAPISTORE_API Result<std::string> xattr_value_text(const Property& property);

/// The reverse. Errc::invalid_argument says what a value of the type looks like.
MAPISTORE_API Result<PropertyValue> parse_xattr_value(PropertyType type, std::string_view text);

}  // namespace mapistore
