#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <mapistore/call.h>
#include <mapistore/object.h>

namespace mapistore {

class Store;

/// What free/busy information is asked about.
struct FreeBusyWindow {
  Time from, to;

  /// From `name`: "freebusy", 60 days from the day of `now` on, or "freebusy.YYYYMMDD-YYYYMMDD", up to the beginning of
  /// the second day; days are those of UTC. None: it is neither, or longer than 366 days.
  MAPISTORE_API static std::optional<FreeBusyWindow> named(std::string_view name, Time now);
};

/// When the events directly in `folder` occupy their owner, as one VFREEBUSY of at most what an extended attribute
/// holds (Errc::too_large). Reads all of them, which may wait for the medium. An event that cannot be read is an error:
/// what it occupies would seem free.
MAPISTORE_API Result<std::string> free_busy(const Call& call, Store& store, Fmid folder, const FreeBusyWindow& window,
                                            Time now);

}  // namespace mapistore
