#include "core/folder_walk.h"

#include <algorithm>

namespace mapistore {

namespace {

/// Folders without messages that are passed through in search of one with some.
constexpr int most_steps = 64;

/// Goes through a tree, one entry that matters after the other.
class Walk {
 public:
  Walk(Index& index, WalkOrder order, Fmid top) : index_{index}, order_{order}, top_{top} {}

  Result<std::optional<WalkStep>> next(Fmid folder, Fmid last) {
    for (int step = 0; step < most_steps; ++step) {
      const auto entry = MAPISTORE_TRY(order_ == WalkOrder::name ? subfolder(folder, last) : entry_after(folder, last));
      if (entry && !entry->is_folder()) return WalkStep{folder, last};
      if (entry) {
        if (!MAPISTORE_TRY(index_.folder_facts(entry->fmid))->listed) return std::nullopt;
        folder = entry->fmid;
        last = {};
        if (order_ == WalkOrder::name && MAPISTORE_TRY(has_messages(folder))) return WalkStep{folder, {}};
        continue;
      }
      if (folder == top_) return std::nullopt;
      last = folder;
      folder = MAPISTORE_TRY(index_.folder_facts(folder))->parent;
    }
    return std::nullopt;
  }

 private:
  /// By name: the subfolder of `folder` after that one; with the number of a message or zero, the first.
  Result<std::optional<Node>> subfolder(Fmid folder, Fmid after) {
    std::vector<StoredFolder> all = MAPISTORE_TRY(index_.subfolders(folder));
    std::ranges::sort(all, {}, [](const StoredFolder& one) -> const std::string& { return one.node.name; });
    auto found = std::ranges::find(all, after, [](const StoredFolder& one) { return one.node.fmid; });
    found = found == all.end() ? all.begin() : std::next(found);
    return found == all.end() ? std::nullopt : std::optional{found->node};
  }

  Result<std::optional<Node>> entry_after(Fmid folder, Fmid after) {
    std::optional<Node> entry;
    MAPISTORE_CHECK(index_.list(folder, after, [&](const Node& node) {
      if (node.kind != NodeKind::folder && node.kind != NodeKind::message) return true;
      entry = node;
      return false;
    }));
    return entry;
  }

  Result<bool> has_messages(Fmid folder) {
    bool found = false;
    MAPISTORE_CHECK(index_.list_messages(folder, {}, [&](const StoredMessage&) {
      found = true;
      return false;
    }));
    return found;
  }

  Index& index_;
  WalkOrder order_;
  Fmid top_;
};

}  // namespace

Result<std::optional<WalkStep>> next_in_walk(Index& index, WalkOrder order, Fmid top, Fmid folder, Fmid last) {
  return Walk{index, order, top}.next(folder, last);
}

}  // namespace mapistore
