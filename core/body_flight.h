#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>

#include "core/body_cache.h"
#include "core/mutex.h"

namespace mapistore {

/// One body on its way from its medium into the cache, for all who want it. Thread-safe.
///
/// It ends once, with the bytes in the cache or without. A large one begins before, and can then be read as it comes
/// (`streamed`).
class BodyFlight : public std::enable_shared_from_this<BodyFlight> {
 public:
  /// What is coming: `source` is asked for what has not come yet, and outlives the flight with it.
  void begin(std::unique_ptr<Body> source, BodyCache::Filling filling);
  /// For the one who brings it: brings the next piece. False: that was all, or it failed, or nobody reads it any more.
  bool bring(const Call& call, std::span<std::byte> buffer);
  /// No more comes: it is in the cache, or those who read it ask the source for the rest.
  void end();

  /// Waits until it has begun or ended. True: it has begun, and may be read.
  Result<bool> await_begin(const Call& call);
  /// For after `begin`.
  std::unique_ptr<Body> streamed();
  const BodyCache::Filling& filling() const noexcept { return *filling_; }
  bool has_all() const noexcept { return arrived_ == source_->size(); }

 private:
  class Streamed;
  /// Waits until it has come as far as `end`. False: it has ended before.
  Result<bool> await(const Call& call, std::uint64_t end);
  /// Waits for `holds`, of what mutex_ guards.
  template <class Condition>
  Result<> wait(const Call& call, Condition holds);

  std::unique_ptr<Body> source_;               // set once, before began_
  std::optional<BodyCache::Filling> filling_;  // likewise
  std::atomic<std::uint64_t> arrived_ = 0;
  std::atomic<bool> coming_ = false;  ///< somebody brings it
  std::atomic<unsigned> readers_ = 0;
  Mutex mutex_{LockRank::body_flight};
  std::condition_variable_any changed_;
  bool began_ MAPISTORE_GUARDED_BY(mutex_) = false;
  bool ended_ MAPISTORE_GUARDED_BY(mutex_) = false;
};

}  // namespace mapistore
