#include <mapistore/plugin.h>

#include "backends/dav/backend.h"

MAPISTORE_BACKEND("dav", "0.1.0", [](mapistore::Host& host, mapistore::Result<>&) noexcept {
  return mapistore::dav::make_backend(host);
});
