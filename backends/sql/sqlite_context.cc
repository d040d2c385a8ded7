#include "backends/sql/sqlite_context.h"

#include <mapistore/posix.h>

#include <unistd.h>

#include <cerrno>

namespace mapistore::sql {

void* SqliteContext::query(AbilityId id) noexcept {
  if (id == AbilityId::durability) return static_cast<Durability*>(this);
  return SqlContext::query(id);
}

Result<> SqliteContext::make_durable(const Call& call) {
  MAPISTORE_CHECK(call.check());
  // The log is all that may still be on its way: what is in the file was brought there with care.
  const auto directory = MAPISTORE_TRY(posix::Directory::open(file_.parent_path().native()));
  auto log = directory.open_file(file_.filename().native() + "-wal");
  if (!log && log.error().code == Errc::not_found) return {};
  if (!log) return std::unexpected(std::move(log).error());
  if (::fdatasync(log->get()) != 0) return std::unexpected(system_error(errno, file_.native()));
  return {};
}

Result<Usage> SqliteContext::usage(const Call& call) {
  const Usage own = MAPISTORE_TRY(SqlContext::usage(call));
  if (own.bytes_total != 0) return own;
  return MAPISTORE_TRY(posix::Directory::open(file_.parent_path().native())).usage();
}

}  // namespace mapistore::sql
