#pragma once

#include <fuse3/fuse_lowlevel.h>

#include <condition_variable>
#include <deque>
#include <string>
#include <thread>

#include "core/mutex.h"
#include "core/store_observer.h"
#include "fuse/attributes.h"

namespace mapistore::fs {

/// Keeps the kernel's caches true to the store, so that they may be trusted for hours.
///
/// One thread of its own does all the telling, since the kernel may make it wait for locks that a request in flight
/// holds; on a device of its own, so that those requests end when the process is killed. For one session. Thread-safe;
/// sleeps while there is nothing to tell.
class Invalidator final : public StoreObserver {
 public:
  /// `root`: the object that the mount shows as its root, or none.
  explicit Invalidator(Fmid root);
  ~Invalidator() override;

  /// Begins to tell `session`; what came before is dropped, since the kernel knew nothing then.
  void attach(fuse_session* session);
  /// Ends the telling; returns once no call into the session is under way.
  void detach();
  /// The object shown as the root is known only once the store is open.
  void set_root(Fmid root);

  void appeared(Fmid parent, std::string_view name) override;
  void vanished(Fmid parent, Fmid child, std::string_view name) override;
  void bytes_changed(Fmid fmid) override;
  void attributes_changed(Fmid fmid) override;

 private:
  struct Event {
    enum class Kind : std::uint8_t { appeared, vanished, bytes, attributes } kind;
    Fmid parent;
    Fmid child;
    std::string name;
  };
  void push(Event event);
  void run(const std::stop_token& stop);
  void tell(fuse_session* session, const Event& event) const;
  NodeId node_of(Fmid fmid) const;

  mutable Mutex mutex_{LockRank::invalidator};
  std::condition_variable_any changed_;
  std::deque<Event> events_ MAPISTORE_GUARDED_BY(mutex_);
  fuse_session* session_ MAPISTORE_GUARDED_BY(mutex_) = nullptr;
  bool telling_ MAPISTORE_GUARDED_BY(mutex_) = false;
  std::atomic<std::uint64_t> root_;
  std::jthread thread_;
};

}  // namespace mapistore::fs
