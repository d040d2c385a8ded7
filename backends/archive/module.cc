#include <mapistore/plugin.h>

#include "backends/archive/backend.h"

MAPISTORE_BACKEND("archive", "0.1.0", [](mapistore::Host& host, mapistore::Result<>&) noexcept {
  return mapistore::archive::make_backend(host);
});
