#pragma once

#include <cassert>
#include <cstdint>
#include <mutex>

#if defined(__clang__)
#define MAPISTORE_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define MAPISTORE_THREAD_ANNOTATION(x)
#endif
/// For a method that holds its lock as a member, which the analysis cannot see.
#define MAPISTORE_HOLDS_ITS_LOCK MAPISTORE_THREAD_ANNOTATION(no_thread_safety_analysis)
#define MAPISTORE_GUARDED_BY(x) MAPISTORE_THREAD_ANNOTATION(guarded_by(x))
#define MAPISTORE_REQUIRES(...) MAPISTORE_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))

namespace mapistore {

/// Every lock's place in the order of taking; a thread may only take a higher rank than it holds.
/// What each guards, and why it stands where it does: docs/locks.md.
enum class LockRank : std::uint8_t {
  commit = 5,
  staging = 20,
  recent_search = 22,
  search_folders = 24,
  handles = 25,
  claims = 28,
  requests = 30,
  spool = 33,
  mover = 35,
  background = 37,
  switcher = 38,
  replica = 39,
  context = 40,
  listing = 45,
  workers = 50,
  gate = 51,
  body_flights = 52,
  body_flight = 54,
  read_ahead = 56,
  search_run = 58,
  index_writer = 60,
  index_readers = 65,
  traffic = 67,
  staging_pool = 68,
  look_ahead = 70,
  recent_reads = 71,
  views = 72,
  invalidator = 75,
  errors = 80,
};

/// A mutex with a rank, asserted in debug builds, and annotations for clang's thread-safety analysis.
class MAPISTORE_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  explicit Mutex(LockRank rank) noexcept : rank_{rank} {}
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() MAPISTORE_THREAD_ANNOTATION(acquire_capability()) {
    assert(current == nullptr || current->rank_ < rank_);
    mutex_.lock();
    below_ = current;
    current = this;
  }
  void unlock() MAPISTORE_THREAD_ANNOTATION(release_capability()) {
    assert(current == this);
    current = below_;
    mutex_.unlock();
  }

 private:
  std::mutex mutex_;
  LockRank rank_;
  Mutex* below_ = nullptr;
  static inline thread_local Mutex* current = nullptr;  ///< the highest that this thread holds
};

/// Holds a Mutex for a scope. Usable with std::condition_variable_any.
class MAPISTORE_THREAD_ANNOTATION(scoped_lockable) Locked {
 public:
  explicit Locked(Mutex& mutex) MAPISTORE_THREAD_ANNOTATION(acquire_capability(mutex)) : mutex_{mutex} {
    mutex_.lock();
  }
  ~Locked() MAPISTORE_THREAD_ANNOTATION(release_capability()) {
    if (owned_) mutex_.unlock();
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

  void lock() MAPISTORE_THREAD_ANNOTATION(acquire_capability()) {
    mutex_.lock();
    owned_ = true;
  }
  void unlock() MAPISTORE_THREAD_ANNOTATION(release_capability()) {
    owned_ = false;
    mutex_.unlock();
  }

 private:
  Mutex& mutex_;
  bool owned_ = true;
};

}  // namespace mapistore
