#pragma once

#include <condition_variable>
#include <thread>

#include "core/errors_log.h"
#include "core/store.h"

namespace mapistore {

/// Removes for good what has been in the trash for longer than its context keeps it: once the context is ready, and
/// every hour from then on. A thread, which a store without such a context does not have.
class TrashKeeper {
 public:
  TrashKeeper(Store& store, ErrorsLog& errors) : store_{store}, errors_{errors} {}
  TrashKeeper(const TrashKeeper&) = delete;
  TrashKeeper& operator=(const TrashKeeper&) = delete;

  void start();
  /// False if stuck in a medium at `deadline`.
  bool stop(std::chrono::steady_clock::time_point deadline);

 private:
  /// Whose trash is to be looked after.
  std::vector<LiveContext*> contexts() const;
  void run(const std::stop_token& stop);
  void clear(const std::stop_token& stop, LiveContext& context);
  /// Sleeps until the next round; true when stopped.
  bool rest(const std::stop_token& stop);

  Store& store_;
  ErrorsLog& errors_;

  Mutex mutex_{LockRank::trash};
  std::condition_variable_any woken_;
  bool ended_ MAPISTORE_GUARDED_BY(mutex_) = true;
  std::jthread thread_;
};

}  // namespace mapistore
