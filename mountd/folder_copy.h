#pragma once

#include <cstdint>

#include "mountd/location.h"

namespace mapistore::ctl {

/// What came of copying a folder. `expected` is the sum of the three after it.
struct Copied {
  std::uint64_t expected = 0;  ///< messages in the source
  std::uint64_t written = 0;
  std::uint64_t there = 0;     ///< were there already
  std::uint64_t failed = 0;
  std::uint64_t removed = 0;   ///< from where they were, by a move
};

/// Brings the folder `from` with all below it to `to`, and, of a `move`, removes from its medium what has arrived as it
/// is. What has been copied is remembered in `memory`, a directory; if that is empty, in one per pair of places, so
/// that another time only the rest is done. With --dry-run it only counts. Failures of single messages are told and
/// counted.
Result<Copied> copy_folder(Environment& environment, const Location& from, const Location& to, bool move,
                           const std::filesystem::path& memory = {});

}  // namespace mapistore::ctl
