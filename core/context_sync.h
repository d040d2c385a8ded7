#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>

#include <mapistore/ability.h>
#include <mapistore/context.h>

#include "core/folder_traffic.h"
#include "core/index_writer.h"
#include "core/store_observer.h"

namespace mapistore {

class LiveContext;

/// Brings what a medium says into the index, and tells the observer what changed. Thread-safe.
class ContextSync final : public WatchSink {
 public:
  ContextSync(LiveContext& context, Index& index, StoreObserver& observer);

  /// Lists one folder: afterwards the index has all that was in the medium at the time of the call.
  Result<> list_folder(const Call& call, Fmid folder) { return list(call, folder, false); }
  /// Lists one folder that is not listed yet, or waits until somebody has.
  Result<> list_folder_once(const Call& call, Fmid folder);
  /// Lists `top` and all below it, while nobody waits for a folder. One that fails does not stop the others; the first
  /// failure is answered.
  Result<> list_tree(const Call& call, Fmid top);
  Result<> refresh_message(const Call& call, Fmid folder, const Key& key);

  // WatchSink; failures go to the log, and the next listing makes up for them.
  void message_changed(const FolderPath& path, const Key& key) override;
  void folder_changed(const FolderPath& path) override;
  void everything_changed() override;

 private:
  class Sink;
  /// One at a time in each folder; beside others of the same folder a call waits, and may share what they did. `once`:
  /// whenever that began.
  Result<> list(const Call& call, Fmid folder, bool once);
  Result<> list_alone(const Call& call, Fmid folder);
  /// Returns when nobody has waited for a folder for a moment, or the call has ended.
  void give_way(const Call& call);
  Result<std::optional<Fmid>> moved_from(const Call& call, Context& medium, Fmid parent, const Key& key,
                                         const std::string& identity, NodeKind kind);
  /// What the medium tells of a folder, from before it is asked until the index has it.
  struct Look {
    Fmid folder;
    FolderPath path;  ///< where it lay when the medium was asked
    FolderTraffic::Report report;
  };
  /// Whether the folder still lies where it was looked for. To be asked inside the index transaction.
  bool lies_there(const Call& call, const Look& look) const;
  struct Taken {
    std::vector<Fmid> fmids;
    std::vector<Key> outdated;  ///< those left out because they have been changed or told of since
  };
  /// Takes entries into the index, and says which objects they are. `quietly`: nobody has seen the folder yet.
  Result<Taken> take(const Call& call, Context& medium, Look& look, const std::vector<Entry>& entries, bool quietly);
  Result<std::optional<Fmid>> take(const Call& call, Context& medium, Look& look, const FolderEntry& entry,
                                   bool quietly);
  /// Takes the object out of the index, if it has one, that the medium no longer has at `key`. False: it has been
  /// changed or told of since.
  Result<bool> set_gone(const Call& call, Look& look, const Key& key);
  /// Takes in what the medium has of a message whose folder was moved away before it; `entry`: nothing any more.
  Result<> take_awaiting(const Call& call, const Context& medium, FolderTraffic::Report& report,
                         const StoredMessage& message, std::optional<Entry> entry);
  /// Whether a folder is still in this context; to be asked inside the index transaction.
  bool is_ours(Fmid folder) const;
  void tell(const IndexWriter::Applied& applied, Fmid parent);
  Call background_call() const;

  LiveContext& context_;
  Index& index_;
  StoreObserver& observer_;

  /// Nothing of the context was known when its first listing began: there is nothing to recognise.
  std::atomic<bool> all_new_ = false;

  /// A listing under way; guarded by mutex_.
  struct Running {
    std::uint64_t began;
    bool ended = false;
    bool succeeded = false;
  };
  Mutex mutex_{LockRank::listing};
  std::condition_variable_any listed_;
  std::uint64_t clock_ MAPISTORE_GUARDED_BY(mutex_) = 0;  ///< orders calls and beginnings
  std::size_t awaited_ MAPISTORE_GUARDED_BY(mutex_) = 0;  ///< how many wait for a folder to be listed once
  std::chrono::steady_clock::time_point last_awaited_ MAPISTORE_GUARDED_BY(mutex_){};
  std::map<Fmid, std::shared_ptr<Running>> running_ MAPISTORE_GUARDED_BY(mutex_);
};

}  // namespace mapistore
