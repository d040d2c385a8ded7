#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <mapistore/property.h>

namespace mapistore {

/// `2024-03-05T09:00:00Z`, with seven digits of a fraction that is not zero. Nothing after the year 9999.
std::optional<std::string> time_text(SystemTime time);

/// The reverse, with one to seven digits; nothing for other text or before 1601.
std::optional<SystemTime> parse_time_text(std::string_view text) noexcept;

}  // namespace mapistore
