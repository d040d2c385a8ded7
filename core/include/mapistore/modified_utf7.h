#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <mapistore/export.h>

/// The names of mailboxes on mail servers and in Maildir++ (RFC 3501 5.1.3).
namespace mapistore::modified_utf7 {

/// The one canonical form of `text`. Nothing if that is not UTF-8.
MAPISTORE_API std::optional<std::string> encode(std::string_view text);

/// The UTF-8 text of modified UTF-7 in any form, canonical or not; what is not shifted is taken as it is. Nothing if a
/// shifted part cannot be read.
MAPISTORE_API std::optional<std::string> decode(std::string_view name);

/// The code point of UTF-8 at `at`, which moves past it; nothing, and `at` where it was, if there is none.
MAPISTORE_API std::optional<char32_t> take_code_point(std::string_view text, std::size_t& at);

}  // namespace mapistore::modified_utf7
