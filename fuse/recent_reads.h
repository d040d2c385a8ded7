#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include <mapistore/object.h>

#include "core/mutex.h"

namespace mapistore::fs {

/// The messages that were opened for reading a short while ago: what a program writes may be a copy of one of them.
/// Thread-safe.
class RecentReads {
 public:
  /// On the reader thread, for every file that is opened: waits for nobody.
  void opened(Fmid fmid);

  using SizeOf = std::function<std::optional<std::uint64_t>(Fmid)>;
  /// Those of `size` bytes, the latest first. `size_of` is asked once for each.
  std::vector<Fmid> of_size(std::uint64_t size, const SizeOf& size_of);

 private:
  using Clock = std::chrono::steady_clock;
  struct Opened {
    Fmid fmid;
    Clock::time_point when;
    std::uint64_t size = 0;
  };
  static constexpr std::size_t most = 1024;

  Mutex search_mutex_{LockRank::recent_search};
  std::deque<Opened> known_ MAPISTORE_GUARDED_BY(search_mutex_);  ///< the latest first
  Mutex mutex_{LockRank::recent_reads};
  std::deque<Opened> fresh_ MAPISTORE_GUARDED_BY(mutex_);         ///< whose sizes have not been asked for
};

}  // namespace mapistore::fs
