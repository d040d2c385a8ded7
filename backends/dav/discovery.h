#pragma once

#include <mapistore/call.h>

#include "backends/dav/collection.h"
#include "backends/dav/requests.h"
#include "backends/dav/server.h"

namespace mapistore::dav {

/// Finds what `start` names: a calendar or address book, a home of them, a principal; or with the path "/" the
/// account's homes by RFC 6764 6 and the places where servers have them. `wanted`: of which components.
/// Errc::not_found.
Result<Place> discover(const Call& call, Server& server, const Url& start, unsigned wanted);

/// The collections in `homes` that hold any of `wanted`, each once, in the server's order, with their `version`.
Result<std::vector<Collection>> list_collections(const Call& call, Server& server, const std::vector<Home>& homes,
                                                 unsigned wanted, requests::Version version);

}  // namespace mapistore::dav
