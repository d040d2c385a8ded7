#pragma once

#include <mapistore/backend.h>
#include <mapistore/host.h>

namespace mapistore::file {

/// Serves `file:///absolute/directory`: a tree in which every file is a message. `host` outlives the backend.
std::unique_ptr<Backend> make_backend(Host& host);

}  // namespace mapistore::file
