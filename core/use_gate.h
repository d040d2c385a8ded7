#pragma once

#include <condition_variable>

#include <mapistore/call.h>
#include <mapistore/export.h>

#include "core/mutex.h"

namespace mapistore {

/// Lets many use a thing, until somebody wants to change it with nobody in between.
///
/// Thread-safe. Who is in may come in again, closed or not, so that what calls one another need not agree.
class MAPISTORE_API UseGate {
 public:
  /// One use; to be given up by the thread that got it.
  class MAPISTORE_API Use {
   public:
    explicit Use(UseGate& gate) noexcept : gate_{&gate} {}
    Use(Use&& other) noexcept : gate_{other.gate_} { other.gate_ = nullptr; }
    Use& operator=(Use&&) = delete;
    ~Use() {
      if (gate_ != nullptr) gate_->leave();
    }

   private:
    UseGate* gate_;
  };

  UseGate() = default;
  UseGate(const UseGate&) = delete;

  /// Waits while it is closed.
  Result<Use> enter(const Call& call);
  /// Lets in nobody but this thread, and who is in, and waits until those have left. False: not all had at `deadline`,
  /// and it is open again.
  bool close(std::chrono::steady_clock::time_point deadline);
  /// By the thread that closed it.
  void open();

 private:
  void leave() noexcept;

  Mutex mutex_{LockRank::gate};
  std::condition_variable_any changed_;
  std::size_t users_ MAPISTORE_GUARDED_BY(mutex_) = 0;
  bool closed_ MAPISTORE_GUARDED_BY(mutex_) = false;
};

}  // namespace mapistore
