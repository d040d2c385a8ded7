#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include <mapistore/posix.h>

struct inotify_event;  // NOLINT(readability-identifier-naming): the system's own

namespace mapistore::posix {

/// One thing that happened below a watched directory.
struct TreeEvent {
  enum class Kind : std::uint8_t {
    file,       ///< the file `name` in `directory` came, went, was written or was touched
    directory,  ///< the directory `name` in `directory` came or went; or, unnamed: `directory` is newly watched
    lost,       ///< events were lost, or the tree's root is gone
  };

  Kind kind = Kind::lost;
  FolderPath directory;  ///< names from the root down
  Key name;

  friend auto operator<=>(const TreeEvent&, const TreeEvent&) = default;
};

/// Watches a directory and those below it that `wanted` accepts, by inotify(7).
///
/// One thread at a time. Sleeps without wake-ups while nothing happens.
class MAPISTORE_API TreeWatcher {
 public:
  /// Whether to watch the directory of this path; decides for all below it too.
  using Wanted = std::function<bool(const FolderPath&)>;

  /// Watches from now on. `root` is borrowed. Errc::too_many_open names the limit to raise.
  static Result<std::unique_ptr<TreeWatcher>> start(const Call& call, const Directory& root, Wanted wanted);

  /// Waits for the next burst of events and returns each once. Errc::cancelled, Errc::timed_out.
  Result<std::vector<TreeEvent>> wait(const Call& call);

 private:
  TreeWatcher(UniqueFd inotify, const Directory& root, Wanted wanted)
      : inotify_{std::move(inotify)}, root_{root}, wanted_{std::move(wanted)} {}

  void watch_parent();
  Result<> add(const Call& call, const Directory& directory, const FolderPath& path);
  void forget(const FolderPath& path);
  Result<> read_events(const Call& call);
  Result<> take(const Call& call, const ::inotify_event& event);
  Result<> take_directory(const Call& call, const FolderPath& parent, const ::inotify_event& event);
  void report(TreeEvent::Kind kind, const FolderPath& directory, Key name = {});

  UniqueFd inotify_;
  const Directory& root_;
  Wanted wanted_;
  int parent_watch_ = -1;  ///< on the directory above the root: our open root would hide its own removal from inotify
  std::map<int, FolderPath> watched_;  ///< by watch descriptor
  std::vector<TreeEvent> events_;      ///< of the burst being gathered
};

}  // namespace mapistore::posix
