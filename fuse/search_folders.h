#pragma once

#include <list>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/search_expression.h"
#include "core/searcher.h"
#include "fuse/control_tree.h"

namespace mapistore::fs {

/// `.mapistorefs/search/`: a directory for each expression that was looked up, with a link to every message it finds.
///
/// All contexts are searched at once, on their fetchers. Who asks waits until all have ended or the deadline is over;
/// what is found later shows when the directory is read again. Thread-safe.
class SearchFolders {
 public:
  SearchFolders(Store& store, MessageViews& views, std::chrono::seconds deadline)
      : store_{store}, searcher_{store, views}, deadline_{deadline} {}
  ~SearchFolders() { stop(); }
  SearchFolders(const SearchFolders&) = delete;
  SearchFolders& operator=(const SearchFolders&) = delete;

  /// Ends all searches; whoever waits for one is answered.
  void stop();

  static constexpr bool owns(NodeId id) noexcept { return id.value >> 62 == 2; }
  /// The message that a link leads to; none: the node is a directory.
  static constexpr Fmid target(NodeId id) noexcept { return Fmid{is_folder(id) ? 0 : id.value & ~mark}; }
  static constexpr NodeId link(Fmid message) noexcept { return {message.value | mark}; }
  static constexpr bool is_folder(NodeId id) noexcept { return (id.value & ~mark) <= last_folder; }

  /// The directory of an expression, made if there is none. Errc::invalid_argument: it is none.
  Result<NodeId> folder(std::string_view expression);
  /// Errc::not_found.
  Result<> forget(std::string_view expression);
  /// Those that were searched.
  std::vector<ControlTree::Item> folders() const;

  /// Searches, unless nothing has changed since the last time. `done` is called once: at once, or on another thread.
  /// Errc::stale: there is no such directory any more; Errc::busy: too many wait.
  using Done = std::move_only_function<void(Result<>)>;
  void search(NodeId folder, Done done);

  /// What was found, by FMID, after `after`, until `take` answers false.
  void list(NodeId folder, Fmid after, const std::function<bool(const std::string& name, Fmid message)>& take) const;
  /// Errc::not_found: nothing of this name was found so far.
  Result<Fmid> find(NodeId folder, std::string_view name) const;
  bool was_searched(NodeId folder) const;

 private:
  static constexpr std::uint64_t mark = std::uint64_t{1} << 63;
  static constexpr std::uint64_t last_folder = 1023;  ///< FMIDs are above
  static constexpr std::size_t most_folders = 64, most_waiting = 16;

  /// What one search finds, shared with those who look.
  class Run;
  struct Folder {
    NodeId id;
    std::shared_ptr<Run> run{};  ///< the last one; null: none yet
  };
  struct Waiter {
    std::shared_ptr<std::atomic<bool>> ended;
    std::jthread thread;
  };

  std::shared_ptr<Run> run_of(NodeId folder) const;
  /// The contexts that are to be searched. Errc::invalid_argument: one has a name that none has.
  Result<std::vector<LiveContext*>> contexts_of(const SearchExpression& expression) const;
  Result<std::shared_ptr<Run>> start(const std::string& expression);
  /// Has `done` called when there is something to show. False: that is so already.
  Result<bool> begin(NodeId folder, Done& done);
  /// Takes `done`, if it succeeds.
  Result<> await(std::shared_ptr<Run> run, Done& done) MAPISTORE_REQUIRES(mutex_);

  Store& store_;
  Searcher searcher_;
  std::chrono::seconds deadline_;
  mutable Mutex mutex_{LockRank::search_folders};
  std::map<std::string, Folder, std::less<>> folders_ MAPISTORE_GUARDED_BY(mutex_);
  std::uint64_t next_id_ MAPISTORE_GUARDED_BY(mutex_) = 0;
  std::list<Waiter> waiters_ MAPISTORE_GUARDED_BY(mutex_);
  bool stopped_ MAPISTORE_GUARDED_BY(mutex_) = false;
};

}  // namespace mapistore::fs
