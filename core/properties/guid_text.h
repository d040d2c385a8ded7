#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <mapistore/property.h>

namespace mapistore {

/// `{00062008-0000-0000-c000-000000000046}`: in braces, lower case.
MAPISTORE_API std::string guid_text(const Guid& guid);

/// Of that form in any case; nothing for any other text.
MAPISTORE_API std::optional<Guid> parse_guid(std::string_view text) noexcept;

/// How many bytes guid_text has.
inline constexpr std::size_t guid_text_size = 38;

}  // namespace mapistore
