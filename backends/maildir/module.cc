#include <mapistore/plugin.h>

#include "backends/maildir/backend.h"

MAPISTORE_BACKEND("maildir", "0.1.0", [](mapistore::Host& host, mapistore::Result<>&) noexcept {
  return mapistore::maildir::make_backend(host);
});
