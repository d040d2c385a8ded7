#include "backends/sql/sqlite_file.h"

#include <mapistore/sqlite.h>

#include <string>

namespace mapistore::sql {
namespace {

Result<std::int64_t> number(sqlite::Database& database, const char* sql) {
  auto query = database.query(sql);
  MAPISTORE_CHECK(query.step());
  return query.integer(0);
}

Error not_ours(const std::filesystem::path& file, std::string_view what) {
  return {Errc::not_permitted, file.native(), std::string(what), "name another file in the URI"};
}

}  // namespace

Result<> prepare_file(const std::filesystem::path& file) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (std::filesystem::is_directory(status)) return std::unexpected(not_ours(file, "is a directory"));
  const bool is_new = status.type() == std::filesystem::file_type::not_found;
  if (is_new && !std::filesystem::is_directory(file.parent_path(), error))
    return fail(Errc::not_found, file.parent_path().native(), "no such directory", "create it with mkdir -p");
  if (is_new) {
    auto database = MAPISTORE_TRY(sqlite::Database::open(file, sqlite::Access::create));
    return database->execute("PRAGMA journal_mode=WAL");
  }
  // Looked at without the right to write, so that what is not ours cannot change.
  const auto database = MAPISTORE_TRY(sqlite::Database::open(file, sqlite::Access::read));
  const auto id = number(*database, "PRAGMA application_id");
  if (!id && id.error().code == Errc::corrupted)
    return fail(Errc::corrupted, file.native(), "is no SQLite database", "name another file in the URI");
  if (!id) return std::unexpected(id.error());
  if (*id == sqlite_application_id) return {};
  const bool is_empty = MAPISTORE_TRY(number(*database, "SELECT COUNT(*) FROM sqlite_master")) == 0;
  if (*id != 0 || !is_empty) return std::unexpected(not_ours(file, "is the database of another program"));
  auto writable = MAPISTORE_TRY(sqlite::Database::open(file, sqlite::Access::write));
  return writable->execute("PRAGMA journal_mode=WAL");
}

}  // namespace mapistore::sql
