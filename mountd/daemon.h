#pragma once

#include <filesystem>
#include <optional>

#include <mapistore/result.h>

namespace mapistore::mountd {

/// Keeps the mounts of `configuration`/mounts.toml until it is told to stop: SIGTERM and SIGINT unmount and end, a
/// second one no longer waits for those who use a mount; SIGHUP reads the file again. Without a directory the user's
/// own configuration, for root /etc/mapistorefs; without a socket that of the service manager, or mountd.sock in the
/// runtime directory. Errc::busy: it has ended, and left mounts that are in use.
Result<> run(const std::optional<std::filesystem::path>& configuration,
             const std::optional<std::filesystem::path>& socket);

}  // namespace mapistore::mountd
