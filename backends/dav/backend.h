#pragma once

#include <memory>

#include <mapistore/backend.h>
#include <mapistore/host.h>

namespace mapistore::dav {

/// Serves caldav, caldavs, carddav, carddavs, sogo and google.
std::unique_ptr<Backend> make_backend(Host& host);

}  // namespace mapistore::dav
