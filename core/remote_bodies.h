#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "core/body_flight.h"
#include "core/errors_log.h"
#include "core/live_context.h"

namespace mapistore {

/// The bodies of messages whose media are remote: each crosses the network once, and is then read from the cache.
///
/// Thread-safe. Who wants a body that another is bringing waits for that one.
class RemoteBodies {
 public:
  RemoteBodies(Index& index, StoreObserver& observer, ErrorsLog& errors, std::filesystem::path directory,
               std::uint64_t limit);

  /// What was asked for so far, for whoever watches.
  struct Counts {
    std::atomic<std::uint64_t> hits = 0;           ///< the cache had it
    std::atomic<std::uint64_t> misses = 0;         ///< the medium was asked
    std::atomic<std::uint64_t> fetched_bytes = 0;  ///< by those misses, and by reading ahead
  };
  const Counts& counts() const noexcept { return counts_; }

  /// Asks the medium for the body of a message.
  using Ask = std::function<Result<std::unique_ptr<Body>>()>;
  /// From the cache, whether or not the medium can be reached; else what `ask` answers, kept. A small one is there with
  /// the answer; a large one comes as it is read. The index has its true size with the answer.
  Result<std::unique_ptr<Body>> open(const Call& call, LiveContext& context, const StoredMessage& message,
                                     const Ask& ask);
  /// What `open` would find in the cache. Null: it would have to ask.
  std::unique_ptr<Body> find(const StoredMessage& message);
  /// Whether its body is in the cache or on its way there.
  bool has_begun(const StoredMessage& message);
  /// Counts a question of somebody else, and what it brought.
  void count_asked(std::uint64_t bytes);

  /// Brings those of `messages` that are not there yet, all in `folder` of its medium, which offers `reading`.
  Result<> fetch(const Call& call, LiveContext& context, Reading& reading, const FolderPath& folder,
                 std::span<const StoredMessage> messages);

  /// What is about to be saved, so that it need not be read again. None: it cannot be kept.
  std::optional<BodyCache::Filling> copy(const Call& call, Body& body) { return cache_.copy(call, body); }
  /// Makes it the body of `version`, as it was saved. False: it cannot be kept.
  bool publish(LiveContext& context, const BodyVersion& version, const BodyCache::Filling& filling);
  void moved(const StoredMessage& message, const Entry& entry) {
    cache_.rename(version_of(message), {message.node.context, message.node.fmid, entry.key, entry.change});
  }
  void forget(const StoredMessage& message) { forget(version_of(message)); }
  void forget(const BodyVersion& version) { cache_.remove(version); }

 private:
  using FlightPtr = std::shared_ptr<BodyFlight>;
  /// Which message, in which version; of what the medium has meanwhile, if it is newer, the same flight tells.
  using FlightKey = std::pair<std::uint64_t, std::string>;
  class Departure;
  class Arrivals;

  static BodyVersion version_of(const StoredMessage& message);
  static FlightKey key_of(const StoredMessage& message);
  Result<std::unique_ptr<Body>> bring(const Call& call, LiveContext& context, const StoredMessage& message,
                                      Departure departure, const Ask& ask);
  /// The whole of a small body; null if it cannot be kept.
  Result<std::unique_ptr<Body>> bring_whole(const Call& call, LiveContext& context, const BodyVersion& version,
                                            Body& body, BodyCache::Filling filling);
  void stream(LiveContext& context, const BodyVersion& version, BodyFlight& flight);
  struct Learned {
    const StoredMessage* message;
    std::uint64_t size;
  };
  void learn(std::span<const Learned> learned);

  Index& index_;
  StoreObserver& observer_;
  ErrorsLog& errors_;
  BodyCache cache_;
  Counts counts_;

  Mutex mutex_{LockRank::body_flights};
  std::map<FlightKey, FlightPtr> flights_ MAPISTORE_GUARDED_BY(mutex_);
};

}  // namespace mapistore
