#pragma once

#include <string>
#include <string_view>

namespace mapistore::codec {

/// The first address (addr-spec) in the raw value of an address field, as UTF-8 without blanks; empty if there is
/// none. Names, comments, groups and routes go; missing brackets and quotes are forgiven. A lone word without `@`
/// counts as the address of a local user. Linear in `value`.
std::string first_address(std::string_view value);

/// What stands between angle brackets, without route, `mailto:`, blanks and controls. Linear in `inside`.
std::string bare_address(std::string_view inside);

/// The word of `text` that holds the first `@`, with what blanks around the `@` separate from it; empty if there is
/// none.
std::string_view word_with_at(std::string_view text) noexcept;

/// A Message-ID without brackets and blanks; empty if it has nothing else.
std::string normalized_message_id(std::string_view value);

}  // namespace mapistore::codec
