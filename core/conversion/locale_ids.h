#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mapistore::conversion {

/// The Windows locale id of a language tag ("en-US", any case), and back; nothing, or empty, for what has none.
std::optional<std::int32_t> locale_id_of(std::string_view language) noexcept;
std::string_view language_of(std::int32_t locale_id) noexcept;

}  // namespace mapistore::conversion
