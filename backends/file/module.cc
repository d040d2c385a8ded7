#include <mapistore/plugin.h>

#include "backends/file/backend.h"

MAPISTORE_BACKEND("file", "0.1.0", [](mapistore::Host& host, mapistore::Result<>&) noexcept {
  return mapistore::file::make_backend(host);
});
