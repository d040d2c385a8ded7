#include "backends/sql/sqlite_context.h"

#include <mapistore/posix.h>
#include <mapistore/sqlite.h>

namespace mapistore::sql {

void* SqliteContext::query(AbilityId id) noexcept {
  if (id == AbilityId::durability) return static_cast<Durability*>(this);
  return SqlContext::query(id);
}

Result<> SqliteContext::make_durable(const Call& call) {
  MAPISTORE_CHECK(call.check());
  return sqlite::make_durable(file_);
}

Result<Usage> SqliteContext::usage(const Call& call) {
  const Usage own = MAPISTORE_TRY(SqlContext::usage(call));
  if (own.bytes_total != 0) return own;
  return MAPISTORE_TRY(posix::Directory::open(file_.parent_path().native())).usage();
}

}  // namespace mapistore::sql
