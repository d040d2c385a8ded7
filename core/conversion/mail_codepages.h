#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mapistore::conversion {

/// The Windows code page of a charset of MIME, any case; nothing for one that has none.
std::optional<std::int32_t> code_page_of(std::string_view charset) noexcept;

/// The charset that mail calls a code page by; empty for a number that is none. Static storage.
std::string_view charset_of(std::int32_t code_page) noexcept;

/// The Windows locale id of a language tag ("en-US", any case), and back; nothing, or empty, for what has none.
std::optional<std::int32_t> locale_id_of(std::string_view language) noexcept;
std::string_view language_of(std::int32_t locale_id) noexcept;

}  // namespace mapistore::conversion
