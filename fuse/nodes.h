#pragma once

#include <fuse3/fuse_lowlevel.h>

#include <string>
#include <string_view>

#include "core/store.h"
#include "fuse/attributes.h"

namespace mapistore::fs {

class ControlTree;
class OpenFiles;

/// What the kernel's numbers stand for, and the attributes it is told: those of the index, and of what has been written
/// and not saved. Waits for no medium. Thread-safe.
class Nodes {
 public:
  /// The kernel is told of every change, so what it knows stays true until then.
  static constexpr double long_timeout = 3600;

  /// `root`: what the root shows; none for a store. `counts_links`: a folder's links are those of its subfolders.
  Nodes(Store& store, const OpenFiles& files, const Attributes& attributes, const ControlTree& control, Fmid root,
        bool counts_links)
      : store_{store},
        index_{store.index()},
        files_{files},
        attributes_{attributes},
        control_{control},
        root_{root},
        counts_links_{counts_links},
        started_{wall_clock()} {}

  Fmid root() const noexcept { return root_; }
  Fmid fmid_of(NodeId id) const noexcept { return id == root_node ? root_ : Fmid{id.value & ~trash_face}; }
  NodeId id_of(Fmid fmid) const noexcept { return fmid == root_ ? root_node : NodeId{fmid.value}; }
  /// The node of a trash folder under .mapistorefs/trash.
  static constexpr NodeId trash_id_of(Fmid folder) noexcept { return NodeId{folder.value | trash_face}; }
  static constexpr bool is_of_trash(NodeId id) noexcept { return (id.value & trash_face) != 0; }

  /// What is there, or is still open, wherever its name went. Errc::not_found.
  Result<Node> find(Fmid fmid) const;
  Result<Node> find(NodeId id) const { return find(fmid_of(id)); }
  Result<Node> child(Fmid parent, std::string_view name) const;
  /// `node` as it is with what has been written to it.
  Node overlay(Node node) const;
  /// Null if there is none of this name.
  LiveContext* top_folder(std::string_view name) const;
  bool is_writable(ContextId context) const;
  /// Where an object is, as a path in the mount.
  Result<std::string> path_of(Fmid fmid) const { return store_.path_of(fmid, root_); }

  struct stat stat_of(const Node& node) const;
  struct stat stat_of_top(const LiveContext& context) const;
  /// Of what is the mount's own: the root of a store, and what ControlTree and SearchFolders own.
  struct stat stat_of_mount_node(NodeId id) const;
  fuse_entry_param entry_of(const Node& node) const;
  /// A size that was not measured yet is asked for again: at the latest by the first read, after the open that learns
  /// it.
  static double attribute_timeout(const Node& node) noexcept {
    return node.size_trust == SizeTrust::exact ? long_timeout : 0;
  }

 private:
  /// What `look` finds in the index and then among the open files. A file that was closed in between would be neither
  /// as the index had it nor open: it is looked for again.
  template <class Look>
  Result<Node> settled(Look look) const;
  Result<Node> look_for(Fmid fmid) const;

  /// Marks the node of a trash folder: the kernel allows a directory only one place, and the same folder may also show
  /// in its context.
  static constexpr std::uint64_t trash_face = std::uint64_t{1} << 62;

  Store& store_;
  Index& index_;
  const OpenFiles& files_;
  const Attributes& attributes_;
  const ControlTree& control_;
  const Fmid root_;
  const bool counts_links_;
  const Time started_;
};

}  // namespace mapistore::fs
