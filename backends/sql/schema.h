#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <mapistore/host.h>

#include "backends/sql/database.h"

namespace mapistore::sql {

/// Raised when tables change; docs/formats/sql_store.md describes this one.
inline constexpr std::int64_t schema_version = 1;

/// Folders of every store that are always there; ids that programs make are above.
inline constexpr std::int64_t no_folder = 0, root_folder = 1, trash_folder = 2;

/// One store of a database.
struct Store {
  std::int64_t id = 0;
  std::int64_t born = 0;   ///< differs from that of any other store of this name, here or in another database
  std::int64_t quota = 0;  ///< in bytes; zero: none
};

/// Makes what is missing of the tables, views and the store called `name`, and brings older tables up to date.
/// Errc::incompatible: the tables are of a newer version; Errc::read_only: they are missing, and cannot be made.
Result<Store> open_store(const Call& call, Host& host, Database& database, std::string_view name, std::int64_t new_id);

/// The statements that make everything, separated by ";\n".
std::string schema_script(Dialect dialect);
/// Those that make the views: one each, as they may clash with tables of others.
std::vector<std::string> view_scripts(Dialect dialect);

}  // namespace mapistore::sql
