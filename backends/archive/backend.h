#pragma once

#include <mapistore/backend.h>
#include <mapistore/host.h>

namespace mapistore::archive {

/// Serves `archive:///path/to/file.mza`: one compressed file. A file that does not exist yet is made, if its directory
/// does. Options: `encryption = "passphrase"` seals an archive that is being made, by the URI's password;
/// `dictionary_after`: the number of messages after which compression is fitted to them. `host` outlives the backend.
std::unique_ptr<Backend> make_backend(Host& host);

}  // namespace mapistore::archive
