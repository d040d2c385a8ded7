#pragma once

#include <optional>

#include "core/index.h"

namespace mapistore {

/// In which order somebody goes through a folder: of FMIDs, as listings have them, or of names.
enum class WalkOrder : std::uint8_t { none, number, name };

/// A place on the way through a tree.
struct WalkStep {
  Fmid folder;
  Fmid after;  ///< the messages with higher numbers come next; zero: all of them
};

/// Where who has read all messages of `folder` goes next in the tree below `top`: by number to what a listing has after
/// `last` (zero: nothing was read), by name to the subfolders and then to those beside it. None: that was all, or what
/// comes next has not been listed yet.
Result<std::optional<WalkStep>> next_in_walk(Index& index, WalkOrder order, Fmid top, Fmid folder, Fmid last);

}  // namespace mapistore
