#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/background_thread.h"
#include "core/store.h"

namespace mapistore::fs {

/// Brings the files that `save=spool` has left on this machine to their media: some of each context at once, so that
/// what arrives together shares the round trips, and again later what a medium did not take. Thread-safe.
///
/// The index says which files are owed (docs/formats/index.md); this says what becomes of them in this process.
class Spool {
 public:
  /// Saves one file, which may have been removed or saved meanwhile. Called on a worker of its context.
  using Upload = std::function<Result<>(const Call& call, Fmid file)>;

  /// `enabled`: new files are left here as well; else only what an earlier mount left is brought away.
  Spool(Store& store, bool enabled, std::chrono::nanoseconds deadline, Upload upload)
      : store_{store}, enabled_{enabled}, deadline_{deadline}, upload_{std::move(upload)} {}
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  /// Whether what is saved into `context` waits here.
  bool takes(ContextId context) const { return enabled_ && store_.is_remote(context); }

  /// Takes up what earlier processes left, and begins.
  void start();
  /// Waits until all that can be brought away is, at most until `deadline`, and ends. What is left, the next mount
  /// takes up. False: a worker is stuck.
  bool stop(std::chrono::steady_clock::time_point deadline);

  /// Takes a file that the index has as owed.
  void add(Fmid file, ContextId context);
  /// Returns once what was owed to `context` when it was called is there; or the error of the first that is refused.
  Result<> settle(const Call& call, ContextId context);

  /// Keeps a file from being brought away while its owner changes what it is.
  class Hold {
   public:
    Hold(Spool& spool, Fmid file) : spool_{&spool}, file_{file} {}
    Hold(Hold&& other) noexcept : spool_{std::exchange(other.spool_, nullptr)}, file_{other.file_} {}
    Hold& operator=(Hold&&) = delete;
    ~Hold();

   private:
    Spool* spool_;
    Fmid file_;
  };
  /// Waits for an attempt that is under way.
  Result<Hold> hold(const Call& call, Fmid file);

  std::size_t count() const;
  /// What its medium refused, so far: the file and why.
  struct Refused {
    Fmid file;
    std::string error;
  };
  /// At most `most` of them.
  std::vector<Refused> refused(std::size_t most) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Item {
    Fmid file;
    std::chrono::milliseconds pause{0};  ///< before the next attempt, once one has failed
    std::optional<Error> error{};
  };
  /// What is owed to one context, by the order in which it came.
  struct Queue {
    std::map<std::uint64_t, Item> items;
    std::deque<std::uint64_t> ready;
    std::multimap<Clock::time_point, std::uint64_t> paused;
    std::size_t in_flight = 0;
  };

  void run(const std::stop_token& stop);
  /// Hands what is due to the workers. When the next is due.
  Clock::time_point hand_out();
  bool begin(ContextId context, std::uint64_t number);
  /// For a moment later.
  void put_back(ContextId context, std::uint64_t number);
  void end(ContextId context, std::uint64_t number, Result<> result);
  /// Whether nothing is left to try.
  bool is_drained() const MAPISTORE_REQUIRES(mutex_);

  Store& store_;
  const bool enabled_;
  const std::chrono::nanoseconds deadline_;
  const Upload upload_;

  mutable Mutex mutex_{LockRank::spool};
  std::condition_variable_any changed_;
  std::map<ContextId, Queue> queues_ MAPISTORE_GUARDED_BY(mutex_);
  std::set<Fmid> in_flight_ MAPISTORE_GUARDED_BY(mutex_);
  std::multiset<Fmid> held_ MAPISTORE_GUARDED_BY(mutex_);
  std::uint64_t last_number_ MAPISTORE_GUARDED_BY(mutex_) = 0;
  std::string last_failure_ MAPISTORE_GUARDED_BY(mutex_);  ///< one trouble is told once
  bool ending_ MAPISTORE_GUARDED_BY(mutex_) = false;       ///< what fails now is left to the next mount
  BackgroundThread thread_;
};

}  // namespace mapistore::fs
