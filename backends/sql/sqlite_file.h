#pragma once

#include <cstdint>
#include <filesystem>

#include <mapistore/sqlite.h>

namespace mapistore::sql {

/// What PRAGMA application_id says of a store of ours: "MSQL".
inline constexpr std::int64_t sqlite_application_id = 0x4d53514c;

/// Makes sure that `file` is a database that we may use: ours, or empty, or made now. Whatever else it is stays as it
/// is. Errc::not_found: its directory is missing; Errc::corrupted: no database; Errc::not_permitted: another program's.
Result<sqlite::Access> prepare_file(const std::filesystem::path& file);

}  // namespace mapistore::sql
