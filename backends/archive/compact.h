#pragma once

#include <mapistore/call.h>

#include "backends/archive/archive.h"

namespace mapistore::archive {

inline constexpr int compact_level = 12;  ///< of zstd: once for each message, so that it may take longer

/// Makes the archive as small as it can be: removes what no message has, counts anew, compresses what is older than the
/// newest dictionary once more, at `level`, and gives all free room back to the filesystem. Interrupted, it leaves a
/// good archive. Needs as much free room as the archive takes.
Result<> compact(const Call& call, Archive& archive, int level);

}  // namespace mapistore::archive
