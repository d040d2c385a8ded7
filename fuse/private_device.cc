#include "fuse/private_device.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdint>

namespace mapistore::fs {

namespace {

/// Another device on the connection of `fuse_device`, or -1.
int clone_of(int fuse_device) noexcept {
  const int clone = ::open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (clone < 0) return -1;
  auto original = static_cast<std::uint32_t>(fuse_device);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): what ioctl(2) is
  if (::ioctl(clone, FUSE_DEV_IOC_CLONE, &original) == 0) return clone;
  ::close(clone);
  return -1;
}

}  // namespace

bool take_private_device(int fuse_device) noexcept {
  // Tried first, since a table cannot be shared again; and once more, so that the other table never keeps it.
  const int trial = clone_of(fuse_device);
  if (trial < 0) return false;
  ::close(trial);
  if (::unshare(CLONE_FILES) != 0) return false;
  const int clone = clone_of(fuse_device);
  if (clone >= 0) ::dup3(clone, fuse_device, O_CLOEXEC);
  const auto kept = static_cast<unsigned>(fuse_device);
  if (kept > 0) ::close_range(0, kept - 1, 0);
  ::close_range(kept + 1, ~0U, 0);
  return true;
}

}  // namespace mapistore::fs
