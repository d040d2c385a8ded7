#pragma once

#include <mapistore/result.h>

namespace mapistore::fs {

/// The errno that a process sees for an error.
int to_errno(Errc code) noexcept;

}  // namespace mapistore::fs
