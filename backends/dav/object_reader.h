#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "backends/dav/fetched.h"
#include "backends/dav/server.h"

namespace mapistore::dav {

/// Whether a name may be sent to this server: `'` leads to another object on some.
bool is_safe_name(const ServerProfile& profile, std::string_view name) noexcept;

/// Reads the objects called `names`, which are safe, in one request. What is gone is left out. Their bytes are those
/// that a GET has, although XML loses CRs: by the length that the server tells, else by asking.
Result<std::vector<Fetched>> fetch(const Call& call, Server& server, const Collection& collection,
                                   std::span<const std::string> names);

/// Reads any number of objects by requests of ServerProfile::batch over two connections, and gives each to `use` on the
/// calling thread, in any order. An error of `use` ends the reading.
Result<> fetch_all(const Call& call, Server& server, const Collection& collection, std::span<const std::string> names,
                   const std::function<Result<>(Fetched&&)>& use);

}  // namespace mapistore::dav
