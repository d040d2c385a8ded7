#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/backend.h>

#include "core/secrets.h"

namespace mapistore {

/// One directory at the top of a store, and what it shows.
struct TopFolder {
  std::string name;  ///< a legal file name
  ContextUri uri;
  Role role = Role::none;
  bool read_only = false;
  std::optional<SecretSource> secret = {};
  std::optional<std::string> url_password = {};  ///< stood in the URI; the caller moves it to Secrets at once
  /// All other keys as text. Keys of an inline table are joined by a dot. Periods are in seconds.
  /// "oauth2" = "true": the secret is an access token, and another is to be had once it has ended.
  ContextOptions options = {};
  std::map<std::string, std::string, std::less<>> places = {};  ///< key to FILE:LINE:COLUMN, for messages
};

/// A whole store as its user describes it.
struct StoreProfile {
  std::string name;
  std::filesystem::path file;
  std::uint64_t cache_size = std::uint64_t{2} << 30;
  std::vector<TopFolder> folders = {};  ///< as ordered in the file
};

/// Whether a profile is named by its path: a '/' in it, or .toml at its end, and no URI.
MAPISTORE_API bool is_profile_path(std::string_view name_or_path) noexcept;

/// Reads a profile: by its path, or else NAME.toml in the user's configuration,
/// then in /etc/mapistorefs. Errc::not_found names the places looked at; Errc::invalid_configuration says
/// FILE:LINE:COLUMN and, for an unknown key, the nearest known one.
MAPISTORE_API Result<StoreProfile> load_profile(std::string_view name_or_path);

/// Errc::invalid_configuration unless each option of `folder` is known to every backend or to `backend`.
MAPISTORE_API Result<> check_options(const TopFolder& folder, const Backend& backend);

}  // namespace mapistore
