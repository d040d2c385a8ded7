#pragma once

#include <mapistore/sqlite.h>

namespace mapistore {

/// The version of the index's tables that this program writes; in the file as `PRAGMA user_version`.
inline constexpr int index_schema_version = 8;

/// FMIDs below are never given to objects: the mount uses them for nodes that are no objects.
inline constexpr std::uint64_t first_fmid = 1024;

/// Creates the tables in a new file, or steps an older file up to index_schema_version, in one transaction.
/// Errc::incompatible when the file is newer than this program. See docs/formats/index.md.
Result<> prepare_schema(sqlite::Database& database);

}  // namespace mapistore
