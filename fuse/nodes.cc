#include "fuse/nodes.h"

#include <algorithm>

#include "core/codec/names.h"
#include "fuse/control_tree.h"
#include "fuse/open_files.h"
#include "fuse/search_folders.h"

namespace mapistore::fs {

template <class Look>
Result<Node> Nodes::settled(Look look) const {
  for (;;) {
    const std::uint64_t closed = files_.closed();
    auto found = look();
    if (files_.closed() == closed) return found;
  }
}

Result<Node> Nodes::find(Fmid fmid) const {
  return settled([&] { return look_for(fmid); });
}

Result<Node> Nodes::look_for(Fmid fmid) const {
  auto found = index_.node(fmid);
  if (found) {
    MAPISTORE_CHECK(store_.context(found->context));
    return overlay(std::move(*found));
  }
  // A file that is open has its attributes for as long, wherever its name went.
  if (const OpenFilePtr file = files_.find(fmid)) {
    Locked locked{file->mutex};
    Node node = file->node;
    node.fmid = fmid;
    locked.unlock();
    if (const Body* body = file->body) node.size = body->size();
    return overlay(std::move(node));
  }
  return found;
}

Result<Node> Nodes::child(Fmid parent, std::string_view name) const {
  return settled([&]() -> Result<Node> {
    if (const OpenFilePtr file = files_.pending(parent, name)) return look_for(file->fmid);
    return overlay(MAPISTORE_TRY(index_.find(parent, name)));
  });
}

Node Nodes::overlay(Node node) const {
  if (node.is_folder()) return node;
  const OpenFilePtr file = files_.find(node.fmid);
  if (!file) return node;
  const int staged = file->staged;
  struct stat now{};
  if (staged < 0 || !file->shows_staged() || ::fstat(staged, &now) != 0) return node;
  // Saved or not, it is what is read. `node` may be from before the save, and a smaller size would have the kernel cut
  // off what it holds of the file.
  node.size = static_cast<std::uint64_t>(now.st_size);
  if (!file->dirty && !file->is_committing) return node;
  node.modified = node.changed = to_time(now.st_mtim);
  Locked locked{file->mutex};
  if (file->received) node.modified = *file->received;
  return node;
}

LiveContext* Nodes::top_folder(std::string_view name) const {
  for (const auto& context : store_.contexts())
    if (context->settings().name == name) return context.get();
  return nullptr;
}

bool Nodes::is_writable(ContextId id) const {
  const auto context = store_.context(id);
  return context && store_.writable(**context);
}

struct stat Nodes::stat_of(const Node& node) const {
  struct stat attributes = attributes_.of(node, id_of(node.fmid), is_writable(node.context));
  // Beside each message stands a directory: a count that tells programs to look at every entry.
  if (node.is_folder() && !counts_links_) attributes.st_nlink = 1;
  return attributes;
}

struct stat Nodes::stat_of_top(const LiveContext& context) const {
  const auto root = index_.node(context.row().root);
  return root ? stat_of(*root) : attributes_.generated({context.row().root.value}, true, 0, started_);
}

struct stat Nodes::stat_of_mount_node(NodeId id) const {
  if (id == root_node) {
    Time modified{};
    for (const auto& context : store_.contexts())
      if (const auto top = index_.node(context->row().root)) modified = std::max(modified, top->modified);
    struct stat root = attributes_.generated(id, true, 0, modified);
    root.st_nlink = static_cast<nlink_t>(2 + store_.contexts().size());
    return root;
  }
  // A listing that the kernel keeps is as old as the directory.
  if (SearchFolders::owns(id) || id == ControlTree::search) return attributes_.generated(id, true, 0, wall_clock());
  if (id == ControlTree::unsaved) {
    struct stat attributes = attributes_.generated(id, true, 0, wall_clock());
    attributes.st_mode |= S_IWUSR;
    return attributes;
  }
  if (ControlTree::is_directory(id)) return attributes_.generated(id, true, 0, started_);
  return attributes_.generated(id, false, control_.text(id).size(), wall_clock());
}

fuse_entry_param Nodes::entry_of(const Node& node) const {
  fuse_entry_param entry{};
  entry.ino = id_of(node.fmid).value;
  entry.attr = stat_of(node);
  entry.entry_timeout = long_timeout;
  entry.attr_timeout = attribute_timeout(node);
  // Renamed over a property file it is gone, but the kernel takes that name for its own from then on: it has to ask.
  // Of other files the invalidator tells it, a moment later.
  if (node.kind == NodeKind::local_file || is_sed_name(node.name)) entry.entry_timeout = 0;
  return entry;
}

}  // namespace mapistore::fs
