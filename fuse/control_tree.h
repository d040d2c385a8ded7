#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/store.h"
#include "fuse/attributes.h"
#include "fuse/control_requests.h"

namespace mapistore::fs {

class OpenFiles;
class OperationCounts;
class Spool;

/// `.mapistorefs/`: what the mount tells about itself. Resolvable, never listed. Thread-safe but for `piece`.
class ControlTree {
 public:
  static constexpr std::string_view name = ".mapistorefs";

  ControlTree(Store& store, const OpenFiles& files, const Spool& spool, const OperationCounts& counts,
              std::string mount_source);

  static constexpr NodeId directory{2};
  static constexpr NodeId status{3};
  static constexpr NodeId errors{4};
  static constexpr NodeId trash{5};
  static constexpr NodeId control{6};
  static constexpr NodeId search{7};
  static constexpr NodeId unsaved{8};
  static constexpr bool owns(NodeId id) noexcept { return id >= directory && id <= unsaved; }
  static constexpr bool is_directory(NodeId id) noexcept {
    return id == directory || id == trash || id == search || id == unsaved;
  }

  struct Item {
    std::string name;
    NodeId id;
  };
  /// The fixed children of `directory`; those of `trash` are the contexts, those of `search` SearchFolders', of
  /// `unsaved` UnsavedFiles'.
  std::vector<Item> children() const;
  std::optional<NodeId> child(std::string_view name) const;

  /// A request of the mount's owner, written into `control`. For the reader thread alone.
  void take(std::string_view request) { requests_.take(request); }

  /// The bytes of `status` (JSON, one object), `errors` (a line each) or `control` (see ControlRequests) as of now.
  std::string text(NodeId id) const;
  /// What a reader finds at `offset`: who reads on reads on in what he began, though it is another by now. For the
  /// reader thread alone.
  std::string_view piece(NodeId id, std::uint64_t offset, std::size_t size);

 private:
  std::string status_text() const;
  /// `text` with blanks after it, so that what is counted in it does not change its size from one read to the next.
  std::string padded(std::string text) const;

  Store& store_;
  const OpenFiles& files_;
  const Spool& spool_;
  const OperationCounts& counts_;
  ControlRequests requests_;
  std::string mount_source_;
  Time started_;
  std::map<std::uint64_t, std::string> being_read_;
  mutable std::atomic<std::size_t> padded_size_ = 0;
};

}  // namespace mapistore::fs
