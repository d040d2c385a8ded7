#include <mapistore/plugin.h>

#include "backends/memory/backend.h"

MAPISTORE_BACKEND("memory", "0.1.0", [](mapistore::Host& host, mapistore::Result<>&) noexcept {
  return mapistore::memory::make_backend(host);
});
