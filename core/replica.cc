#include "core/replica.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "core/copier.h"
#include "core/medium_contents.h"

namespace mapistore {

Result<Replica::Pass> Replica::bring_up(const Call& call, std::uint64_t since, unsigned helpers) {
  Pass pass;
  pass.until = MAPISTORE_TRY(index_.last_change());
  to_do_ = done_ = 0;
  {
    const Locked locked{mutex_};
    // What was looked for again in the middle of a pass may hold what others of it were just saving.
    if (std::exchange(has_failed_, false)) strays_.clear();
    paths_.clear();
    if (part_)
      paths_[part_->root] = part_->into;
    else
      paths_[source_.row().root] = {};
  }
  if (part_) {
    MAPISTORE_CHECK(bring_folders(call, part_->root, pass));
    std::vector<Fmid> changed;
    for (const Fmid fmid : MAPISTORE_TRY(index_.changed_messages(source_.row().id, since))) {
      const auto node = index_.node(fmid);
      if (node && MAPISTORE_TRY(is_within_part(node->parent))) changed.push_back(fmid);
    }
    MAPISTORE_CHECK(bring_messages(call, changed, helpers, pass));
    return pass;
  }
  const Fmid trash = source_.row().trash;
  if (MAPISTORE_TRY(index_.has_children(trash))) {
    Trashing* trashing = target_.ability<Trashing>();
    if (trashing == nullptr)
      return fail(Errc::unsupported, source_.settings().name,
                  "has messages in its trash, and the other medium has none", "empty the trash first");
    const Locked locked{mutex_};
    paths_[trash] = trashing->trash();
  }
  MAPISTORE_CHECK(bring_folders(call, source_.row().root, pass));
  if (MAPISTORE_TRY(index_.has_children(trash))) MAPISTORE_CHECK(bring_folders(call, trash, pass));
  const auto changed = MAPISTORE_TRY(index_.changed_messages(source_.row().id, since));
  MAPISTORE_CHECK(bring_messages(call, changed, helpers, pass));
  MAPISTORE_CHECK(remove_lost(call, pass));
  return pass;
}

Result<bool> Replica::is_within_part(Fmid folder) {
  while (folder && folder != part_->root) folder = MAPISTORE_TRY(index_.folder_facts(folder))->parent;
  return folder == part_->root;
}

Result<FolderPath> Replica::path_of(Fmid folder) {
  {
    const Locked locked{mutex_};
    if (const auto found = paths_.find(folder); found != paths_.end()) return found->second;
  }
  const ReplicaRow row = MAPISTORE_TRY(index_.replica(folder));
  FolderPath path = MAPISTORE_TRY(path_of(row.parent));
  path.push_back(row.ref.key);
  const Locked locked{mutex_};
  return paths_[folder] = std::move(path);
}

void Replica::forget_paths() {
  const Locked locked{mutex_};
  std::erase_if(paths_, [&](const auto& known) {
    const Fmid root = part_ ? part_->root : source_.row().root;
    return known.first != root && known.first != source_.row().trash;
  });
}

Result<> Replica::bring_folders(const Call& call, Fmid parent, Pass& pass) {
  MAPISTORE_CHECK(source_.ensure_listed(call, parent));
  for (const StoredFolder& folder : MAPISTORE_TRY(index_.subfolders(parent))) {
    MAPISTORE_CHECK(call.check());
    if (folder.node.context != source_.row().id) continue;
    if (auto brought = bring_folder(call, folder); !brought) {
      if (concerns_all(brought.error().code)) return brought;
      ++pass.failed;
      if (!pass.first_failure) pass.first_failure = std::move(brought).error();
      continue;
    }
    MAPISTORE_CHECK(bring_folders(call, folder.node.fmid, pass));
  }
  return {};
}

Result<> Replica::bring_folder(const Call& call, const StoredFolder& folder) {
  const Node& node = folder.node;
  const auto before = index_.replica(node.fmid);
  if (before && before->parent == node.parent && before->name == folder.display_name) return {};
  const FolderPath above = MAPISTORE_TRY(path_of(node.parent));
  Result<FolderEntry> entry =
      before ? target_.rename_folder(call, MAPISTORE_TRY(path_of(node.fmid)), above, folder.display_name)
             : target_.create_folder(call, above, folder.display_name);
  const bool is_new = entry && !before;
  if (!entry && !before && entry.error().code == Errc::exists) {
    auto there = MAPISTORE_TRY(folders_in(call, target_, above));
    const auto same = std::ranges::find(there, folder.display_name, &FolderEntry::display_name);
    if (same != there.end()) entry = std::move(*same);
  }
  if (!entry) return std::unexpected(std::move(entry).error());
  if (before) forget_paths();
  if (is_new) note_empty(node.fmid);
  return note({.fmid = node.fmid,
               .context = source_.row().id,
               .is_folder = true,
               .parent = node.parent,
               .name = folder.display_name,
               .ref = {.key = entry->key, .change = {}, .state_change = {}},
               .identity = entry->identity,
               .role = entry->role,
               .special = entry->special,
               .source = {},
               .mark = {}});
}

Result<> Replica::bring_messages(const Call& call, const std::vector<Fmid>& fmids, unsigned helpers, Pass& pass) {
  to_do_ = fmids.size();
  std::atomic<std::size_t> next = 0;
  std::optional<Error> fatal;
  std::mutex mutex;  // rank: leaf; guards pass and fatal
  const auto work = [&] {
    for (std::size_t at = next++; at < fmids.size(); at = next++) {
      const auto waiting = call.check();
      const bool goes_on = waiting.has_value();
      auto brought = goes_on ? bring_message(call, fmids[at]) : Result<bool>{std::unexpected(waiting.error())};
      ++done_;
      const std::lock_guard lock{mutex};
      if (brought) {
        ++(*brought ? pass.done : pass.same);
        continue;
      }
      ++pass.failed;
      if (!goes_on || concerns_all(brought.error().code)) {
        next = fmids.size();
        fatal = brought.error();
      }
      if (!pass.first_failure) pass.first_failure = std::move(brought).error();
    }
  };
  if (helpers == 0) {
    work();
  } else {
    std::vector<std::jthread> crew;
    for (unsigned i = 0; i < helpers; ++i) crew.emplace_back(work);
  }
  if (fatal) return std::unexpected(*std::move(fatal));
  return {};
}

Result<> Replica::remove_lost(const Call& call, Pass& pass) {
  // Folders that hold folders go in a later round.
  for (bool progress = true; progress;) {
    progress = false;
    bool left = false;
    for (const ReplicaRow& row : MAPISTORE_TRY(index_.lost_replicas(source_.row().id))) {
      MAPISTORE_CHECK(call.check());
      auto removed = remove(call, row);
      if (!removed && concerns_all(removed.error().code)) return removed;
      // What somebody else has put into a folder there keeps it.
      if (!removed) {
        left = true;
        continue;
      }
      const auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
      MAPISTORE_CHECK(writer->erase_replica(row.fmid));
      MAPISTORE_CHECK(writer->commit());
      progress = true;
      ++pass.done;
      if (row.is_folder) forget_paths();
    }
    if (!left) return {};
  }
  return {};
}

Result<std::uint64_t> Replica::verify(const Call& call) {
  std::uint64_t dropped = 0;
  std::vector<Fmid> folders{source_.row().root};
  if (MAPISTORE_TRY(index_.has_children(source_.row().trash))) folders.push_back(source_.row().trash);
  for (std::size_t at = 0; at < folders.size(); ++at) {
    auto there = contents_of(call, target_, MAPISTORE_TRY(path_of(folders[at])));
    if (!there && there.error().code != Errc::not_found) return std::unexpected(std::move(there).error());
    const auto is_there = [&](const ReplicaRow& row) {
      if (!there) return false;
      if (row.is_folder)
        return std::ranges::find(there->folders, row.ref.key, &FolderEntry::key) != there->folders.end();
      const auto shown = there->messages.find(row.ref.key);
      return shown != there->messages.end() && shown->second == row.ref.change;
    };
    for (const ReplicaRow& row : MAPISTORE_TRY(index_.replicas_in(source_.row().id, folders[at]))) {
      if (row.is_folder) folders.push_back(row.fmid);
      if (is_there(row)) continue;
      const auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
      MAPISTORE_CHECK(writer->erase_replica(row.fmid));
      MAPISTORE_CHECK(writer->commit());
      ++dropped;
    }
  }
  return dropped;
}

}  // namespace mapistore
