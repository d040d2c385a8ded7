#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/export.h>

namespace mapistore {

/// A mount of ours, as the kernel lists it, whether its daemon lives or not.
struct MountedStore {
  std::uint64_t id = 0;        ///< of the mount, as in /proc/PID/fdinfo
  std::filesystem::path path;  ///< where it is mounted
  std::string source;          ///< the profile or URI
  uid_t user = 0;              ///< who mounted it, and may look into it
  bool read_only = false;
};

/// All mounts of type fuse.mapistorefs that this process sees, in the order in which they were made. Reads
/// /proc/self/mountinfo alone, so that a dead or hung mount harms nobody.
MAPISTORE_API std::vector<MountedStore> mounted_stores();

/// The same from the text of a mountinfo file (proc(5)); lines that are not of that form are passed over.
MAPISTORE_API std::vector<MountedStore> mounted_stores_in(std::string_view mountinfo);

/// The one mounted last at `path`, which is absolute and normal.
MAPISTORE_API std::optional<MountedStore> mounted_store_at(const std::filesystem::path& path);

}  // namespace mapistore
