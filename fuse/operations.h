#pragma once

#include <fuse3/fuse_lowlevel.h>

namespace mapistore::fs {

/// libfuse's table of callbacks; the session's user data is a Filesystem.
const fuse_lowlevel_ops& operations() noexcept;

}  // namespace mapistore::fs
