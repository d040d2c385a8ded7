#include "fuse/attributes.h"

#include <unistd.h>

namespace mapistore::fs {

namespace {

constexpr std::int64_t nanoseconds_per_second = 1'000'000'000;
constexpr std::uint64_t block = 512;

}  // namespace

timespec to_timespec(Time time) noexcept {
  const std::int64_t count = time.time_since_epoch().count();
  std::int64_t seconds = count / nanoseconds_per_second;
  std::int64_t rest = count % nanoseconds_per_second;
  if (rest < 0) {
    rest += nanoseconds_per_second;
    --seconds;
  }
  return {static_cast<time_t>(seconds), static_cast<long>(rest)};
}

Time to_time(const timespec& time) noexcept {
  return Time{std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec}};
}

Time wall_clock() noexcept {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

Attributes::Attributes(const MountOptions& options)
    : uid_{options.uid.value_or(::getuid())}, gid_{options.gid.value_or(::getgid())}, mask_{options.umask} {}

struct stat Attributes::of(const Node& node, NodeId id, bool writable) const {
  const bool folder = node.is_folder();
  struct stat out {};
  out.st_ino = id.value;
  const mode_t usual = (folder ? 0777u : 0666u) & ~mask_;
  mode_t permissions = node.mode.value_or(usual) & 07777u;
  if (!writable) permissions &= ~0222u;
  out.st_mode = (folder ? S_IFDIR : S_IFREG) | permissions;
  out.st_nlink = folder ? 2 + node.subfolders : 1;
  out.st_uid = node.uid.value_or(uid_);
  out.st_gid = node.gid.value_or(gid_);
  out.st_size = static_cast<off_t>(folder ? 4096 : node.size);
  out.st_blksize = 4096;
  out.st_blocks = static_cast<blkcnt_t>((static_cast<std::uint64_t>(out.st_size) + block - 1) / block);
  out.st_mtim = out.st_atim = to_timespec(node.modified);
  out.st_ctim = to_timespec(node.changed);
  return out;
}

struct stat Attributes::generated(NodeId id, bool directory, std::uint64_t size, Time modified) const {
  Node node;
  node.kind = directory ? NodeKind::folder : NodeKind::message;
  node.size = size;
  node.modified = node.changed = modified;
  return of(node, id, false);
}

}  // namespace mapistore::fs
