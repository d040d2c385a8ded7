#pragma once

#include <vector>

#include <mapistore/property.h>

#include "core/codec/shared_bytes.h"

namespace mapistore {

/// A Content of bytes that others hold: keeps them alive, copies nothing.
MAPISTORE_API LargeValue shared_content(SharedBytes bytes);
/// The same of `pieces`, one after another.
MAPISTORE_API LargeValue joined_content(std::vector<SharedBytes> pieces);

}  // namespace mapistore
