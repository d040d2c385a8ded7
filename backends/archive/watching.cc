#include "backends/archive/change_watcher.h"
#include "backends/archive/context.h"

namespace mapistore::archive {

Result<> ArchiveContext::start(const Call& call) {
  MAPISTORE_CHECK(call.check());
  const std::lock_guard lock{watcher_mutex_};
  if (watcher_) return fail(Errc::busy, archive_->file().native(), "is watched already");
  watcher_ = MAPISTORE_TRY(ChangeWatcher::start(*archive_));
  return {};
}

Result<> ArchiveContext::watch(const Call& call, WatchSink& sink) {
  ChangeWatcher* watcher = nullptr;
  {
    const std::lock_guard lock{watcher_mutex_};
    watcher = watcher_.get();
  }
  if (watcher == nullptr) return fail(Errc::invalid_argument, archive_->file().native(), "is not watched yet");
  return watcher->watch(call, sink);
}

}  // namespace mapistore::archive
