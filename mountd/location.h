#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/live_context.h"
#include "mountd/command.h"

namespace mapistore::ctl {

/// A folder somewhere: of which context, and where in it.
struct Location {
  LiveContext::Settings settings;
  Backend* backend = nullptr;
  std::vector<std::string> path;  ///< names of folders from the context's root down
  std::string text;               ///< as it was written, without a password
};

/// Reads what a user writes for one: a URI, PROFILE:TOPFOLDER/path, or a path inside a mount of mapistorefs. Errors as
/// of StoreSource::read; Errc::invalid_argument for what is none of the three.
Result<Location> read_location(Environment& environment, std::string_view text);

}  // namespace mapistore::ctl
