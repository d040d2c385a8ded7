#pragma once

#include <mapistore/backend.h>
#include <mapistore/host.h>

namespace mapistore::maildir {

/// Serves `maildir:///absolute/directory`: a Maildir with Maildir++ folders, as Dovecot and Courier keep it. Other
/// programs may use it at the same time. `host` outlives the backend.
std::unique_ptr<Backend> make_backend(Host& host);

}  // namespace mapistore::maildir
