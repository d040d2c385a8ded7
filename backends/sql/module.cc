#include <mapistore/plugin.h>

#include "backends/sql/backend.h"

MAPISTORE_BACKEND("sql", "0.1.0", [](mapistore::Host& host, mapistore::Result<>&) noexcept {
  return mapistore::sql::make_backend(host);
});
