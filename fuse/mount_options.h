#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>

namespace mapistore::fs {

/// What of the `-o` options shapes the filesystem itself.
struct MountOptions {
  bool read_only = false;
  bool allow_other = false;
  bool purge = false;           ///< delete=purge: unlink is for good
  bool carry = true;            ///< carry=on: a copy made inside the mount has the state and properties of its original
  bool wait_for_moves =
      false;  ///< move=wait: rename of a directory to another medium ends when all its messages are there
  bool spool = false;           ///< save=spool: close does not wait for media that are reached over a network
  bool spin = true;             ///< spin=auto: the reader looks for the next request a moment before it sleeps
  std::optional<uid_t> uid;
  std::optional<gid_t> gid;
  mode_t umask = 077;
  std::chrono::seconds deadline{30};
  std::optional<std::uint64_t> cache_size;  ///< cache_size=: of the bodies of remote media, in bytes
  bool break_signatures = false;     ///< allow-resign-loss: signed content may be edited
  bool list_property_files = false;  ///< faces=props or all
  bool list_parts = false;           ///< faces=parts or all
};

}  // namespace mapistore::fs
