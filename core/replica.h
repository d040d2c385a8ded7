#pragma once

#include <atomic>
#include <map>
#include <set>

#include "core/errors_log.h"
#include "core/store.h"

namespace mapistore {

/// Brings a second medium up to what a context of the store holds: folders, bytes, state, times, properties.
///
/// What it has is noted in the index, object by object, once it has been read back and found equal. So each pass takes
/// up where the last one ended, in whatever process; what a pass saved and could not note any more is recognised by its
/// bytes, as is what somebody has copied there before. For one thread, with helpers of its own.
class MAPISTORE_API Replica {
 public:
  /// Of all that `source` holds; what is gone there goes in `target` too.
  Replica(Store& store, Index& index, LiveContext& source, Context& target)
      : store_{store}, index_{index}, source_{source}, target_{target} {}
  /// Of the folder `root` of `source`, in the folder `into` of `target`, which only grows; the trash stays.
  /// `is_new`: that one was made for it.
  Replica(Store& store, Index& index, LiveContext& source, Context& target, Fmid root, FolderPath into, bool is_new)
      : store_{store}, index_{index}, source_{source}, target_{target}, part_{Part{root, std::move(into)}} {
    if (is_new) note_empty(root);
  }
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  struct Pass {
    std::uint64_t done = 0;    ///< objects that were brought up to date
    std::uint64_t same = 0;    ///< messages that changed, and are there as they are now
    std::uint64_t failed = 0;  ///< that could not be
    std::optional<Error> first_failure;
    std::uint64_t until = 0;  ///< without failures, the target has all up to this change
  };
  /// Brings over all that changed after the change `since`. `helpers` messages are on their way at once, zero: this
  /// thread alone carries them. Fails only for what concerns all of it: a medium that does not answer, a trash that the
  /// target cannot take.
  Result<Pass> bring_up(const Call& call, std::uint64_t since, unsigned helpers);
  /// Looks whether the target shows all that has been noted, as it was left. What it does not is noted no more, so that
  /// a pass from the beginning brings it again; answers how much that is.
  Result<std::uint64_t> verify(const Call& call);

  /// Of the pass under way: what it has to do, and has done.
  std::uint64_t to_do() const noexcept { return to_do_; }
  std::uint64_t done() const noexcept { return done_; }

 private:
  class Strays;
  struct Search;
  struct Part {
    Fmid root;
    FolderPath into;
  };

  /// Where the counterpart of a folder lies. Errc::not_found: it has none yet.
  Result<FolderPath> path_of(Fmid folder);
  void forget_paths();
  Result<> bring_folders(const Call& call, Fmid parent, Pass& pass);
  Result<> bring_folder(const Call& call, const StoredFolder& folder);
  Result<> bring_messages(const Call& call, const std::vector<Fmid>& fmids, unsigned helpers, Pass& pass);
  /// False: nothing was to be done.
  Result<bool> bring_message(const Call& call, Fmid fmid);
  Result<bool> bring_message_once(const Call& call, Fmid fmid);
  /// Whether an object is of the part that is to be brought over.
  Result<bool> is_within_part(Fmid folder);
  Result<> remove_lost(const Call& call, Pass& pass);
  Result<> remove(const Call& call, const ReplicaRow& row);

  struct Wanted;
  Result<Entry> save(const Call& call, const Wanted& wanted, const std::optional<ReplicaRow>& before);
  Result<Entry> update(const Call& call, const Wanted& wanted, const ReplicaRow& before);
  /// What the target already has of a message and nothing has noted: an earlier attempt that nobody saw the end of may
  /// have brought it. It is brought up to date.
  Result<std::optional<Entry>> adopt(const Call& call, const Wanted& wanted);
  Result<> note(const Wanted& wanted, const Entry& entry);
  Result<> note(const ReplicaRow& row);
  /// The counterpart of a folder was made just now: there is nothing to look for in it.
  void note_empty(Fmid folder);
  Result<std::shared_ptr<Strays>> strays_in(const Call& call, Fmid folder, const FolderPath& path);

  Store& store_;
  Index& index_;
  LiveContext& source_;
  Context& target_;
  std::optional<Part> part_;
  std::atomic<std::uint64_t> to_do_ = 0, done_ = 0;

  mutable Mutex mutex_{LockRank::replica};
  std::map<Fmid, FolderPath> paths_ MAPISTORE_GUARDED_BY(mutex_);
  bool has_failed_ MAPISTORE_GUARDED_BY(mutex_) = false;  ///< a message in the last pass
  /// Looked for once in a folder, and again after a failure there.
  std::map<Fmid, std::shared_ptr<Search>> strays_ MAPISTORE_GUARDED_BY(mutex_);
};

}  // namespace mapistore
