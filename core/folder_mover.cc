#include "core/folder_mover.h"

#include <algorithm>
#include <ranges>

#include "core/log.h"

namespace mapistore {

Result<FolderMover::Tree> FolderMover::tree_of(const Call& call, const Node& folder) {
  Tree tree;
  tree.push_back({.node = folder, .display_name = {}, .path = {}, .made = {}});
  LiveContext* context = MAPISTORE_TRY(store_.context(folder.context));
  for (std::size_t at = 0; at < tree.size(); ++at) {
    MAPISTORE_CHECK(call.check());
    const Fmid fmid = tree[at].node.fmid;
    MAPISTORE_CHECK(context->ensure_listed(call, fmid));
    const StoredFolder stored = MAPISTORE_TRY(index_.folder(fmid));
    if (stored.special)
      return fail(Errc::not_permitted, stored.node.name, "is a special folder", "it keeps its place and name");
    tree[at].display_name = stored.display_name;
    MAPISTORE_CHECK(index_.list(fmid, Fmid{}, [&](const Node& node) {
      if (node.kind == NodeKind::folder)
        tree.push_back({.node = node, .above = at, .display_name = {}, .path = {}, .made = {}});
      return true;
    }));
  }
  return tree;
}

Result<> FolderMover::move(const Call& call, const Node& folder, Fmid parent, std::string_view name) {
  MAPISTORE_CHECK(finish(call, folder.fmid));
  MAPISTORE_CHECK(finish_leaving(call, parent, name));
  const auto leaving = MAPISTORE_TRY(store_.use(call, folder.context));
  const auto entering = MAPISTORE_TRY(store_.use_of(call, parent));
  Tree tree = MAPISTORE_TRY(tree_of(call, folder));
  if (name != folder.name) tree.front().display_name = name;
  tree.front().node.name = name;
  MAPISTORE_CHECK(store_.place_for_writing(call, folder.fmid));
  const Place into = MAPISTORE_TRY(store_.place_for_writing(call, parent));
  FolderTraffic::Change arriving{into.context->traffic(), parent};
  {
    auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
    MAPISTORE_CHECK(writer->begin_folder(parent, name));
    MAPISTORE_CHECK(writer->commit());
  }
  const auto put = [&]() -> Result<> {
    MAPISTORE_CHECK(make(call, into, tree));
    arriving.wrote(tree.front().made.key);
    // Who gave up waiting must not find it done.
    MAPISTORE_CHECK(call.check());
    return enter(into, tree, parent, name);
  };
  auto done = put();
  if (done) {
    begin(into.context->row().id);
    return done;
  }
  unmake(into, tree);
  if (!tree.front().path.empty()) arriving.wrote(tree.front().made.key);
  // An answer may have been lost on the way.
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  MAPISTORE_CHECK(writer->abandon_beginning(parent, name));
  MAPISTORE_CHECK(writer->commit());
  copier_.wake();
  return done;
}

Result<> FolderMover::make(const Call& call, const Place& into, Tree& tree) {
  const bool by_name = into.medium->profile().names_on_medium;
  for (Branch& branch : tree) {
    const FolderPath above = &branch == &tree.front() ? into.path : tree[branch.above].path;
    const std::string& shown = by_name ? branch.node.name : branch.display_name;
    branch.made = MAPISTORE_TRY(into.medium->create_folder(call, above, shown));
    branch.path = above;
    branch.path.push_back(branch.made.key);
  }
  return {};
}

void FolderMover::unmake(const Place& into, const Tree& tree) {
  const Call call = Call::within(into.context->settings().deadline);
  for (const Branch& branch : std::views::reverse(tree))
    if (!branch.path.empty()) static_cast<void>(into.medium->remove_folder(call, branch.path));
}

Result<> FolderMover::enter(const Place& into, const Tree& tree, Fmid parent, std::string_view name) {
  const Fmid old_parent = MAPISTORE_TRY(index_.node(tree.front().node.fmid)).parent;
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  std::vector<Fmid> origins;
  for (const Branch& branch : tree) {
    const bool top = origins.empty();
    const Fmid above = top ? parent : tree[branch.above].node.fmid;
    const Fmid left_in = top ? old_parent : origins[branch.above];
    origins.push_back(MAPISTORE_TRY(writer->move_to_medium(branch.node, into.context->row().id, above, branch.node.name,
                                                           branch.made, left_in)));
  }
  MAPISTORE_CHECK(writer->end_beginning(parent, name));
  MAPISTORE_CHECK(writer->touch_folder(parent));
  MAPISTORE_CHECK(writer->touch_folder(old_parent));
  return writer->commit();
}

bool FolderMover::is_within(Fmid folder, Fmid root) {
  for (Fmid at = folder; at;) {
    if (at == root) return true;
    const auto facts = index_.folder_facts(at);
    if (!facts) return false;
    at = (*facts)->parent;
  }
  return false;
}

std::optional<Error> FolderMover::take_refusal(ContextId target, Fmid root) {
  std::vector<Fmid> folders;
  {
    const Locked locked{mutex_};
    for (const auto& [folder, error] : lanes_[target].refusals) folders.push_back(folder);
  }
  std::erase_if(folders, [&](Fmid folder) { return !is_within(folder, root); });
  if (folders.empty()) return std::nullopt;
  const Locked locked{mutex_};
  auto first = lanes_[target].refusals.extract(folders.front());
  for (const Fmid folder : folders) lanes_[target].refusals.erase(folder);
  if (first.empty()) return std::nullopt;
  return std::move(first.mapped());
}

Result<> FolderMover::finish(const Call& call, Fmid root) {
  std::set<ContextId> waited_for;
  while (true) {
    std::optional<ContextId> target;
    for (const FolderMove& move : MAPISTORE_TRY(index_.folder_moves()))
      if (is_within(move.folder, root) || is_within(move.origin, root)) {
        target = lane_of(move);
        if (!target) return fail(Errc::busy, {}, "is on its way to or from a medium that this mount has not");
        break;
      }
    if (!target) break;
    waited_for.insert(*target);
    std::uint64_t ended = 0;
    {
      const Locked locked{mutex_};
      // A round that is under way may have passed this move by.
      ended = lanes_[*target].rounds + (lanes_[*target].runs ? 2 : 1);
    }
    begin(*target);
    Locked locked{mutex_};
    const auto over = [&]() MAPISTORE_REQUIRES(mutex_) {
      return lanes_[*target].rounds >= ended || !lanes_[*target].runs;
    };
    while (!changed_.wait_until(locked, call.stop, call.deadline, over)) MAPISTORE_CHECK(call.check());
    if (lanes_[*target].failure) return std::unexpected(*lanes_[*target].failure);
  }
  for (const ContextId target : waited_for)
    if (auto refusal = take_refusal(target, root)) return std::unexpected(*std::move(refusal));
  return {};
}

Result<> FolderMover::finish_leaving(const Call& call, Fmid parent, std::string_view name) {
  for (const Fmid origin : MAPISTORE_TRY(index_.leaving_from(parent)))
    if (const auto left = index_.folder(origin); left && left->display_name == name)
      MAPISTORE_CHECK(finish(call, origin));
  return {};
}

}  // namespace mapistore
