#pragma once

#include <filesystem>
#include <memory>

#include "backends/sql/connection.h"

namespace mapistore::sql {

/// The file `file`, made (0600) if it is not there but its directory is. Errc::not_found; Errc::corrupted for what is
/// no database and Errc::not_permitted for one of another program: both stay as they are.
Result<std::unique_ptr<Driver>> sqlite_driver(const std::filesystem::path& file);

}  // namespace mapistore::sql
