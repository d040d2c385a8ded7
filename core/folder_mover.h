#pragma once

#include <condition_variable>
#include <map>
#include <set>
#include <thread>

#include "core/copier.h"

namespace mapistore {

/// Moves folders, with all below them, from one medium to another.
///
/// The target gets the folders at once, and one transaction of the index puts them to their new place. Their messages
/// are still where they were, and served from there, until a thread of the target context has moved them one by one
/// (Copier). The folders that they left are shown to nobody meanwhile, and removed when they are empty. What the target
/// refuses goes back to where it lies, and the folder there shows again. All of it is in the index: a mount goes on
/// where the last one ended. Thread-safe. Format of the journal: docs/formats/index.md.
class FolderMover {
 public:
  FolderMover(Store& store, Index& index, Copier& copier, ErrorsLog& errors, StoreObserver& observer)
      : store_{store}, index_{index}, copier_{copier}, errors_{errors}, observer_{observer} {}
  FolderMover(const FolderMover&) = delete;
  FolderMover& operator=(const FolderMover&) = delete;

  /// Goes on with what there is to do: what an earlier process has begun, what stands where a folder has vanished.
  void go_on();
  /// False if stuck in a medium at `deadline`.
  bool stop(std::chrono::steady_clock::time_point deadline);

  /// Puts `folder` to `parent`/`name`, where nothing is, in another context; its messages follow in the background. On
  /// failure nothing has changed. Errc::not_permitted: it holds a special folder.
  Result<> move(const Call& call, const Node& folder, Fmid parent, std::string_view name);
  /// Waits until nothing in or from `root` is on its way. Fails with what keeps it, or has refused a message since the
  /// last such call.
  Result<> finish(const Call& call, Fmid root);
  /// The same for what was moved from `parent`, and was called `name` there.
  Result<> finish_leaving(const Call& call, Fmid parent, std::string_view name);

 private:
  using Place = Store::Place;
  /// A folder to be moved, parents before children.
  struct Branch {
    Node node;
    std::size_t above = 0;     ///< its parent's place in the tree; the first has none
    std::string display_name;
    FolderPath path;           ///< in the target, once made
    FolderEntry made;
  };
  using Tree = std::vector<Branch>;
  struct Progress {
    std::uint64_t moved = 0;
    std::set<Fmid> refused;  ///< not tried again
  };
  /// What one target context has to do.
  struct Lane {
    std::jthread thread;
    bool runs = false;
    bool poked = false;
    std::uint64_t rounds = 0;              ///< that have ended
    std::optional<Error> failure;          ///< what kept the last round from its end
    std::map<Fmid, Progress> progress;     ///< by folder, as far as this process has seen it
    std::map<Fmid, Error> refusals;        ///< the first one in each folder, until somebody asks
  };

  Result<Tree> tree_of(const Call& call, const Node& folder);
  Result<> make(const Call& call, const Place& into, Tree& tree);
  void unmake(const Place& into, const Tree& tree);
  Result<> enter(const Place& into, const Tree& tree, Fmid parent, std::string_view name);

  /// The context whose thread works a move off; none if this mount has it not.
  std::optional<ContextId> lane_of(const FolderMove& move);
  void begin(ContextId target);
  void run(const std::stop_token& stop, ContextId target);
  /// One round. True: nothing is left to do.
  Result<bool> work_off(const std::stop_token& stop, ContextId target);
  Result<bool> work_off(const std::stop_token& stop, ContextId target, const FolderMove& move);
  /// True: it is no longer to be moved.
  Result<bool> transfer(const Call& call, ContextId target, const FolderMove& move, const StoredMessage& message);
  /// Puts back what still lies where it was.
  Result<> give_back(const FolderMove& move);
  /// Those whose own medium has lost them.
  Result<> forget_awaiting(const FolderMove& move);
  /// Removes the empty folder that was left, or shows it again if it is not empty. False: later.
  Result<bool> vacate(const Call& call, const FolderMove& move);
  /// Strikes the move off, and says in the log what it came to.
  void report(ContextId target, const FolderMove& move);
  void tell_revealed(const std::vector<Fmid>& folders);
  bool is_within(Fmid folder, Fmid root);
  std::optional<Error> take_refusal(ContextId target, Fmid root);

  Store& store_;
  Index& index_;
  Copier& copier_;
  ErrorsLog& errors_;
  StoreObserver& observer_;

  Mutex mutex_{LockRank::mover};
  std::condition_variable_any changed_;
  bool stopping_ MAPISTORE_GUARDED_BY(mutex_) = false;
  std::map<ContextId, Lane> lanes_ MAPISTORE_GUARDED_BY(mutex_);
};

}  // namespace mapistore
