#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <mapistore/object.h>

/// What the texts in a profile mean.
namespace mapistore::profile_values {

/// "2 GiB", "500 MB", "4096": a number of bytes. None if it is not one, or too large to count.
MAPISTORE_API std::optional<std::uint64_t> size(std::string_view text);

/// "90 s", "5 min", "1 h", "2 d", "90": a period. None if it is not one.
MAPISTORE_API std::optional<std::chrono::seconds> period(std::string_view text);

/// The role called so, e.g. "mail".
MAPISTORE_API std::optional<Role> role(std::string_view name);
MAPISTORE_API std::string_view name_of(Role role) noexcept;
MAPISTORE_API std::span<const std::string_view> role_names() noexcept;

/// What to tell who wrote `wrong`: "did you mean 'role'?", or all that is `known` if nothing is near.
MAPISTORE_API std::string suggestion(std::string_view wrong, std::span<const std::string_view> known);

}  // namespace mapistore::profile_values
