#pragma once

#include "core/background_thread.h"
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
  bool stop(std::chrono::steady_clock::time_point deadline) { return thread_.stop(deadline); }

 private:
  /// Whose trash is to be looked after.
  std::vector<LiveContext*> contexts() const;
  void run(const std::stop_token& stop);
  void clear(const std::stop_token& stop, LiveContext& context);

  Store& store_;
  ErrorsLog& errors_;
  BackgroundThread thread_;
};

}  // namespace mapistore
