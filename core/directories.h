#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <mapistore/result.h>

/// Where mapistorefs keeps its files (XDG Base Directory Specification). Nothing is created by asking.
///
/// A variable that is not an absolute path counts as unset, as the specification demands; the home directory then
/// comes from HOME or, failing that, from the user database.
namespace mapistore::directories {

MAPISTORE_API Result<std::filesystem::path> home();
MAPISTORE_API Result<std::filesystem::path> config_home();  ///< $XDG_CONFIG_HOME/mapistorefs
MAPISTORE_API Result<std::filesystem::path> state_home();   ///< $XDG_STATE_HOME/mapistorefs
MAPISTORE_API Result<std::filesystem::path> cache_home();   ///< $XDG_CACHE_HOME/mapistorefs

/// $XDG_RUNTIME_DIR/mapistorefs; without the variable /run/mapistorefs for root and below /run/user for others.
/// Errc::not_found where there is no such directory.
MAPISTORE_API Result<std::filesystem::path> runtime_dir();

/// A directory's name for what `text` names, too long or too odd to be one: 16 hexadecimal digits, the same each time.
MAPISTORE_API std::string name_for(std::string_view text);

/// Makes `path`, and what is missing above it, with mode 0700, and returns it. One that is there is closed to others;
/// Errc::not_permitted if it is not ours.
MAPISTORE_API Result<std::filesystem::path> make_private_directory(const std::filesystem::path& path);

}  // namespace mapistore::directories
