#include "backends/sql/sqlite_file.h"

#include <unistd.h>

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

/// How a file that is there can be opened at best.
Result<sqlite::Access> access_to(const std::filesystem::path& file) {
  if (::access(file.c_str(), W_OK) == 0) return sqlite::Access::write;
  if (::access(file.parent_path().c_str(), W_OK) == 0) return sqlite::Access::read;
  std::error_code error;
  const auto log = std::filesystem::file_size(file.native() + "-wal", error);
  if (!error && log != 0)
    return fail(Errc::access_denied, file.native(), "has a log that is not in it yet, and nothing can be written here",
                "open it once where it can be written to");
  return sqlite::Access::frozen;
}

}  // namespace

Result<sqlite::Access> prepare_file(const std::filesystem::path& file) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (std::filesystem::is_directory(status)) return std::unexpected(not_ours(file, "is a directory"));
  const bool is_new = status.type() == std::filesystem::file_type::not_found;
  if (is_new && !std::filesystem::is_directory(file.parent_path(), error))
    return fail(Errc::not_found, file.parent_path().native(), "no such directory", "create it with mkdir -p");
  if (is_new) {
    auto database = MAPISTORE_TRY(sqlite::Database::open(file, sqlite::Access::create));
    MAPISTORE_CHECK(database->execute("PRAGMA journal_mode=WAL"));
    return sqlite::Access::write;
  }
  const sqlite::Access access = MAPISTORE_TRY(access_to(file));
  // Looked at without the right to write, so that what is not ours cannot change.
  auto database = sqlite::Database::open(file, access == sqlite::Access::write ? sqlite::Access::read : access);
  auto id = database ? number(**database, "PRAGMA application_id") : std::unexpected(database.error());
  // Except for the half change of a program that was killed, which whoever opens the file next has to undo.
  if (!id && id.error().code == Errc::read_only && access == sqlite::Access::write) {
    database = MAPISTORE_TRY(sqlite::Database::open(file, access));
    id = number(**database, "PRAGMA application_id");
  }
  if (!id && id.error().code == Errc::corrupted)
    return fail(Errc::corrupted, file.native(), "is no SQLite database", "name another file in the URI");
  if (!id) return std::unexpected(id.error());
  if (*id == sqlite_application_id) return access;
  const bool is_empty = MAPISTORE_TRY(number(**database, "SELECT COUNT(*) FROM sqlite_master")) == 0;
  if (*id != 0 || !is_empty) return std::unexpected(not_ours(file, "is the database of another program"));
  auto writable = MAPISTORE_TRY(sqlite::Database::open(file, sqlite::Access::write));
  MAPISTORE_CHECK(writable->execute("PRAGMA journal_mode=WAL"));
  return access;
}

}  // namespace mapistore::sql
