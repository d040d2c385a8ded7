#pragma once

#include <mapistore/posix.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "fuse/control_tree.h"

namespace mapistore::fs {

/// `.mapistorefs/unsaved/`: what no medium took, as StagingArea::keep_unsaved keeps it, to be copied back or removed.
///
/// Nothing is removed here but by a user, and what has been saved after all. For the reader thread alone, but for
/// `total` and `saved`.
class UnsavedFiles {
 public:
  /// Of `directory`, where the files are; it is there.
  explicit UnsavedFiles(std::filesystem::path directory) : directory_{std::move(directory)} {}

  struct Total {
    std::uint64_t files = 0, bytes = 0;
  };
  /// What is kept in `directory`; nothing if it cannot be read.
  static Total total(const std::filesystem::path& directory);

  static constexpr bool owns(NodeId id) noexcept { return id.value >> mark_shift == mark; }

  struct File {
    NodeId id;
    std::uint64_t size = 0;
    Time modified{};
  };
  /// All, by name.
  std::vector<ControlTree::Item> list();
  /// Errc::not_found.
  Result<File> find(std::string_view name);
  Result<File> file(NodeId id) const;
  /// For reading.
  Result<posix::UniqueFd> open(NodeId id) const;
  Result<> remove(std::string_view name);

  /// A medium has `body`, as it is, under `name` now: removes what was kept of the same bytes for that name. Any
  /// thread; reads what it compares.
  void saved(const Call& call, std::string_view name, Body& body);

 private:
  static constexpr int mark_shift = 62;
  static constexpr std::uint64_t mark = 3;  ///< SearchFolders have the highest bit alone
  /// Who copies a file back to remove it then, as mv does, must find it: so long its name can still be removed.
  static constexpr std::chrono::seconds remembered{10};

  bool was_saved_lately(const std::string& name) const;
  NodeId id_of(const std::string& name);
  Result<std::string> name_of(NodeId id) const;

  const std::filesystem::path directory_;
  std::map<std::string, NodeId> numbers_;
  std::map<NodeId, std::string> names_;
  std::uint64_t last_number_ = 0;

  mutable std::mutex mutex_;  ///< of what follows; a leaf
  std::map<std::string, std::chrono::steady_clock::time_point> saved_;
  Time empty_since_{};  ///< when the directory changed last, if nothing was in it then
};

}  // namespace mapistore::fs
