#pragma once

#include <span>

#include "core/profile.h"

namespace mapistore {

/// What the TOML `text` of `file` means. Errors as of load_profile.
MAPISTORE_API Result<StoreProfile> read_profile(std::string_view text, const std::filesystem::path& file);

/// The keys of a top folder that mean the same for every backend.
std::span<const std::string_view> folder_keys() noexcept;

}  // namespace mapistore
