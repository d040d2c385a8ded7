#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <mapistore/backend.h>

#include "core/folder_traffic.h"
#include "core/index_writer.h"
#include "core/mutex.h"
#include "core/store_observer.h"
#include "core/use_gate.h"
#include "core/worker_pool.h"

namespace mapistore {

class ContextSync;
class ErrorsLog;

/// A context while its store is mounted: opens it, heals it, keeps the index true to it, and owns the workers that wait
/// for it. Thread-safe.
class MAPISTORE_API LiveContext {
 public:
  struct Settings {
    std::string name;  ///< of the top folder; the URI's text for a store of one context
    ContextUri uri;    ///< as it was added: see uri()
    Role role = Role::none;
    bool read_only = false;
    bool purge = false;  ///< removing is for good, not into the trash
    std::optional<std::chrono::days> trash_keep{};  ///< how long the trash keeps a message; unset: for ever
    std::string archive_to{};  ///< name of the top folder that takes what is older than `archive_after`
    std::optional<std::chrono::days> archive_after{};  ///< unset: nothing is moved there
    ContextOptions options;                            ///< as above
    std::chrono::seconds refresh{60};    ///< between listings where the medium cannot be watched
    std::chrono::seconds deadline{30};   ///< for one operation on the medium
  };
  enum class Condition : std::uint8_t { opening, syncing, ready, down };
  /// Where its medium is to be had.
  struct Source {
    Backend* backend;
    ContextUri uri;
    ContextOptions options;
  };

  LiveContext(Settings settings, Backend& backend, Index& index, ContextRow row, StoreObserver& observer,
              ErrorsLog& errors);
  ~LiveContext();
  LiveContext(const LiveContext&) = delete;
  LiveContext& operator=(const LiveContext&) = delete;

  /// Called, without locks, when a folder has vanished from the medium. Set once, before start.
  std::function<void()> on_folder_gone;
  /// Called, without locks, when the medium turns out to be remote, and when it no longer has bytes that a message had.
  /// Set as above.
  std::function<void()> on_remote;
  std::function<void(Fmid, const MessageRef&)> on_bytes_gone;

  /// Begins to open and list in the background.
  void start();
  /// Ends the background thread and the workers. False if one of them is stuck in the medium at `deadline`.
  bool stop(std::chrono::steady_clock::time_point deadline);

  const Settings& settings() const noexcept { return settings_; }
  ContextUri uri() const;
  const ContextRow& row() const noexcept { return row_; }
  /// The rules under which what its medium tells enters the index.
  IndexWriter::Rules rules(const Profile& profile) const;
  WorkerPool& workers() noexcept { return workers_; }
  /// Whether reading the medium costs round trips, as far as is known: while it is not open, as it was the last time.
  bool is_remote() const noexcept { return remote_; }
  /// Whether the medium, which is open, may keep other bytes than it is given.
  bool rewrites_bytes() const noexcept {
    const Context* const open = open_medium_;
    return open != nullptr && open->profile().rewrites_bytes;
  }
  /// Does what is to be brought from the medium before somebody waits for it. Its jobs take `fetching()` as their stop.
  WorkerPool& fetchers() noexcept { return fetchers_; }
  std::stop_token fetching() const noexcept { return fetching_.get_token(); }

  /// The open context. While the first attempt to open runs, waits for it; after a failed one answers its error at
  /// once and has another made soon.
  Result<Context*> medium(const Call& call);
  /// Returns once all of it has been listed.
  Result<> await_ready(const Call& call);
  /// Lists `folder` unless that has been done, so that the index can answer for it.
  Result<> ensure_listed(const Call& call, Fmid folder);
  /// Lists `folder` again.
  Result<> refresh_folder(const Call& call, Fmid folder);
  /// Lists all of it again.
  Result<> refresh_all(const Call& call);
  /// Compares one message with its medium and brings the index up to date.
  Result<> refresh(const Call& call, Fmid folder, const Key& key);

  /// Where `folder` lies in the medium.
  Result<FolderPath> path(const Call& call, Fmid folder);
  /// The folder that takes what is deleted: one of the medium's own if it shows there, else a hidden one.
  Result<Fmid> trash(const Call& call);
  /// After something went to `trash`: if that is a hidden one, the medium may show one of its own from the first time
  /// on.
  Result<> look_for_trash(const Call& call, Fmid trash);

  /// Who changes a folder of the medium, and who takes what it tells into the index, meet here.
  FolderTraffic& traffic() noexcept { return traffic_; }

  /// While somebody has this, the medium stays the same, and the index speaks of that one: to be had before the index
  /// is asked for keys, and before a message is claimed.
  Result<UseGate::Use> use(const Call& call) { return gate_.enter(call); }
  /// Exchanging the medium. `pause` shuts out all who use it, but for this thread, and ends the background thread; if
  /// somebody is still busy at `deadline`, nothing has happened, and it answers false. Then `exchange`, or not, while
  /// the index is changed accordingly; then `resume`. The medium that it had is answered, and is to be kept as long as
  /// the store: bodies of it may be open.
  bool pause(std::chrono::steady_clock::time_point deadline);
  std::unique_ptr<Context> exchange(Source source, std::unique_ptr<Context> medium);
  void resume();

  /// Has each change of the medium wait for `pause` before, so that who follows the changes can catch up; zero: not.
  void slow_writers(std::chrono::milliseconds pause) noexcept { writers_pause_ = pause; }
  /// Waits as long as a change is to wait now, or until the call ends.
  Result<> await_turn(const Call& call) const;

  struct Health {
    Condition condition = Condition::opening;
    std::optional<Error> error;
  };
  Health health() const;

 private:
  void begin_thread();
  void run(const std::stop_token& stop);
  bool open_once(const Call& call);
  /// Remembers what the medium says of itself, for when it cannot be asked.
  void note_remote(bool remote);
  void set_condition(Condition condition, std::optional<Error> error);
  void watch(const std::stop_token& stop);
  /// Sleeps for `duration` or until poked or stopped; true when stopped.
  bool rest(const std::stop_token& stop, std::chrono::nanoseconds duration, bool wake_on_poke);

  Settings settings_;
  Index& index_;
  ContextRow row_;
  ErrorsLog& errors_;
  std::unique_ptr<ContextSync> sync_;
  WorkerPool workers_;
  WorkerPool fetchers_;
  std::stop_source fetching_;
  std::atomic<bool> remote_;

  UseGate gate_;
  std::atomic<std::chrono::milliseconds> writers_pause_{};
  mutable Mutex mutex_{LockRank::context};
  std::condition_variable_any changed_;
  Source source_ MAPISTORE_GUARDED_BY(mutex_);
  std::atomic<bool> looked_for_trash_ = false;
  std::unique_ptr<Context> medium_;  // once set, it changes only while paused
  std::atomic<Context*> open_medium_ = nullptr;
  const Context* watched_ = nullptr;  ///< that its watching has been started; the thread's alone
  Health health_ MAPISTORE_GUARDED_BY(mutex_);
  bool poked_ MAPISTORE_GUARDED_BY(mutex_) = false;
  bool ended_ MAPISTORE_GUARDED_BY(mutex_) = true;

  FolderTraffic traffic_;
  std::jthread thread_;
};

}  // namespace mapistore
