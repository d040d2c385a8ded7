#include <mapistore/plugin.h>

#include "backends/imap/backend.h"

MAPISTORE_BACKEND("imap", "0.1.0", [](mapistore::Host& host, mapistore::Result<>&) noexcept {
  return mapistore::imap::make_backend(host);
});
