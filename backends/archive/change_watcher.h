#pragma once

#include <memory>

#include <mapistore/ability.h>
#include <mapistore/posix.h>

#include "backends/archive/archive.h"

namespace mapistore::archive {

/// Notices what any process commits to the archive: inotify(7) tells that the file or its log was written, the change
/// numbers tell what. Sleeps without wake-ups in between. One thread at a time.
class ChangeWatcher {
 public:
  static Result<std::unique_ptr<ChangeWatcher>> start(Archive& archive);

  /// As Watching::watch.
  Result<> watch(const Call& call, WatchSink& sink);

 private:
  ChangeWatcher(Archive& archive, posix::UniqueFd inotify, posix::UniqueFd stop)
      : archive_{archive}, inotify_{std::move(inotify)}, stop_{std::move(stop)} {}

  Result<> wait(const Call& call);
  Result<> report(WatchSink& sink);

  Archive& archive_;
  posix::UniqueFd inotify_, stop_;
  std::int64_t seen_ = 0;  ///< change number
};

}  // namespace mapistore::archive
