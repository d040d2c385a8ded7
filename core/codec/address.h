#pragma once

#include <string>
#include <string_view>

namespace mapistore::codec {

/// The first address (addr-spec) in the raw value of an address field, as UTF-8 without blanks; empty if there is
/// none. Names, comments, groups and routes go; missing brackets and quotes are forgiven. A lone word without `@`
/// counts as the address of a local user. Linear in `value`.
std::string first_address(std::string_view value);

/// A Message-ID without brackets and blanks; empty if it has nothing else.
std::string normalized_message_id(std::string_view value);

}  // namespace mapistore::codec
