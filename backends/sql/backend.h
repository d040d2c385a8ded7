#pragma once

#include <memory>

#include <mapistore/backend.h>
#include <mapistore/host.h>

namespace mapistore::sql {

/// Serves sqlite:// and mysql://.
std::unique_ptr<Backend> make_backend(Host& host);

}  // namespace mapistore::sql
