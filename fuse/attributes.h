#pragma once

#include <sys/stat.h>

#include "core/node.h"
#include "fuse/mount_options.h"

namespace mapistore::fs {

/// An inode number of the mount. Objects of the store have their FMID, but for the root, which is always 1; numbers
/// between that and first_fmid belong to what is no object.
struct NodeId {
  std::uint64_t value = 0;

  friend constexpr auto operator<=>(NodeId, NodeId) noexcept = default;
};
inline constexpr NodeId root_node{1};

/// Permission bits and owners as this mount shows them. Immutable, so usable from any thread.
class Attributes {
 public:
  explicit Attributes(const MountOptions& options);

  /// `writable`: whether the object's context takes changes.
  struct stat of(const Node& node, NodeId id, bool writable) const;
  /// For a directory or file of the mount's own.
  struct stat generated(NodeId id, bool directory, std::uint64_t size, Time modified) const;

 private:
  uid_t uid_;
  gid_t gid_;
  mode_t mask_;
};

timespec to_timespec(Time time) noexcept;
Time to_time(const timespec& time) noexcept;
Time wall_clock() noexcept;

}  // namespace mapistore::fs
