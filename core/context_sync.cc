#include "core/context_sync.h"

#include <algorithm>

#include "core/live_context.h"
#include "core/log.h"

namespace mapistore {

namespace {

/// Entries that enter the index in one transaction: long enough to cost little each, short enough that other writers
/// and readers of a large first listing do not wait.
constexpr std::size_t entries_at_once = 512;

/// How long what a medium no longer shows is remembered, to be recognised elsewhere.
constexpr std::chrono::hours memory_of_gone{1};

/// Who has waited for one folder may ask for one in it.
constexpr std::chrono::milliseconds between_folders{50};

}  // namespace

/// Collects one folder's entries into batches.
class ContextSync::Sink final : public ChangeSink {
 public:
  /// `listed`: the folder has been listed before; `empty`: nothing of it is known.
  Sink(ContextSync& sync, const Call& call, Context& medium, Look& look, bool listed, bool empty)
      : sync_{sync}, call_{call}, medium_{medium}, look_{look}, listed_{listed}, empty_{empty} {}

  bool known(const Key& key, const ChangeKey& change, const ChangeKey& state_change) override {
    if (empty_) return false;
    const auto row = sync_.index_.by_key(look_.folder, key);
    if (!row || row->ref.change != change || row->ref.state_change != state_change) return false;
    seen_.push_back(row->node.fmid);
    return true;
  }

  Result<> message(Entry entry) override {
    entries_.push_back(std::move(entry));
    return entries_.size() < entries_at_once ? Result<>{} : flush();
  }

  Result<> folder(FolderEntry entry) override {
    if (const auto fmid = MAPISTORE_TRY(sync_.take(call_, medium_, look_, entry, !listed_)))
      seen_.push_back(*fmid);
    return {};
  }

  Result<> removed(const Key& key) override {
    if (MAPISTORE_TRY(sync_.set_gone(call_, look_, key))) return {};
    return sync_.refresh_message(call_, look_.folder, key);
  }

  Result<> flush() {
    const auto taken = MAPISTORE_TRY(sync_.take(call_, medium_, look_, entries_, !listed_));
    seen_.insert(seen_.end(), taken.fmids.begin(), taken.fmids.end());
    entries_.clear();
    for (const Key& key : taken.outdated) MAPISTORE_CHECK(sync_.refresh_message(call_, look_.folder, key));
    return {};
  }

  /// What of the folder's children was not reported.
  Result<std::vector<Fmid>> unseen() {
    std::ranges::sort(seen_);
    const auto all = MAPISTORE_TRY(sync_.index_.children_of_medium(look_.folder));
    std::vector<Fmid> missing;
    std::ranges::set_difference(all, seen_, std::back_inserter(missing));
    return missing;
  }

 private:
  ContextSync& sync_;
  const Call& call_;
  Context& medium_;
  Look& look_;
  bool listed_;
  bool empty_;
  std::vector<Entry> entries_;
  std::vector<Fmid> seen_;
};

ContextSync::ContextSync(LiveContext& context, Index& index, StoreObserver& observer)
    : context_{context}, index_{index}, observer_{observer} {}

Result<> ContextSync::list(const Call& call, Fmid folder, bool once) {
  // Before others can wait for this listing: they may use the context already.
  const auto use = MAPISTORE_TRY(context_.use(call));
  std::shared_ptr<Running> mine;
  {
    Locked locked{mutex_};
    const std::uint64_t asked = ++clock_;
    for (auto other = running_.find(folder); other != running_.end(); other = running_.find(folder)) {
      const std::shared_ptr<Running> listing = other->second;
      while (!listing->ended)
        if (listed_.wait_until(locked, call.deadline) == std::cv_status::timeout) MAPISTORE_CHECK(call.check());
      if (listing->succeeded && (once || listing->began > asked)) return {};
    }
    mine = std::make_shared<Running>(++clock_);
    running_.emplace(folder, mine);
  }
  auto result = list_alone(call, folder);
  Locked locked{mutex_};
  mine->ended = true;
  mine->succeeded = result.has_value();
  running_.erase(folder);
  listed_.notify_all();
  return result;
}

Result<> ContextSync::list_folder_once(const Call& call, Fmid folder) {
  {
    const Locked locked{mutex_};
    ++awaited_;
  }
  auto result = list(call, folder, true);
  const Locked locked{mutex_};
  --awaited_;
  last_awaited_ = std::chrono::steady_clock::now();
  return result;
}

void ContextSync::give_way(const Call& call) {
  Locked locked{mutex_};
  for (;;) {
    const auto now = std::chrono::steady_clock::now();
    if ((awaited_ == 0 && now >= last_awaited_ + between_folders) || !call.check()) return;
    listed_.wait_until(locked, now + between_folders);
  }
}

Result<> ContextSync::list_alone(const Call& call, Fmid folder) {
  Context* medium = MAPISTORE_TRY(context_.medium(call));
  const StoredFolder before = MAPISTORE_TRY(index_.folder(folder));
  Look look{folder, MAPISTORE_TRY(context_.path(call, folder)), {context_.traffic(), folder}};
  const bool empty = !before.listed && !MAPISTORE_TRY(index_.has_children(folder));
  Sink sink{*this, call, *medium, look, before.listed, empty};
  const Listing listing = MAPISTORE_TRY(medium->changes(call, look.path, before.cursor, sink));
  MAPISTORE_CHECK(sink.flush());
  if (listing.complete)
    for (const Fmid fmid : MAPISTORE_TRY(sink.unseen())) {
      const auto stored = index_.message(fmid);
      if (!stored) continue;
      // A message is asked for once more: it may have come by a save while the medium was being listed.
      if (stored->node.kind == NodeKind::message)
        MAPISTORE_CHECK(refresh_message(call, folder, stored->ref.key));
      else
        MAPISTORE_CHECK(set_gone(call, look, stored->ref.key));
    }
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  if (!is_ours(folder)) return {};
  if (!lies_there(call, look)) return fail(Errc::not_found, before.node.name, "was moved while it was being listed");
  MAPISTORE_CHECK(writer->set_listed(folder, listing.next));
  return writer->commit();
}

Result<> ContextSync::list_tree(const Call& call, Fmid top) {
  Result<> first_failure;
  if (top == context_.row().root) all_new_ = !MAPISTORE_TRY(index_.folder_facts(top))->listed;
  std::vector<Fmid> folders{top};
  for (std::size_t at = 0; at < folders.size(); ++at) {
    give_way(call);
    MAPISTORE_CHECK(call.check());
    if (auto listed = list_folder(call, folders[at]); !listed && first_failure) first_failure = std::move(listed);
    MAPISTORE_CHECK(index_.list(folders[at], Fmid{}, [&](const Node& node) {
      if (node.kind == NodeKind::folder) folders.push_back(node.fmid);
      return true;
    }));
  }
  all_new_ = false;
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  MAPISTORE_CHECK(writer->erase_gone_before(
      std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now()) - memory_of_gone));
  MAPISTORE_CHECK(writer->commit());
  return first_failure;
}

Result<std::optional<Fmid>> ContextSync::moved_from(const Call& call, Context& medium, Fmid parent, const Key& key,
                                                    const std::string& identity, NodeKind kind) {
  if (identity.empty() || all_new_) return std::nullopt;
  const auto known = index_.by_identity(context_.row().id, identity);
  if (!known || known->object.node.kind != kind) return std::nullopt;
  const Node& node = known->object.node;
  if (known->gone) return node.fmid;
  if (node.parent == parent && known->object.ref.key == key) return std::nullopt;
  const auto home = kind == NodeKind::folder ? Result<Fmid>{node.parent} : index_.home(node);
  const auto place = home ? context_.path(call, *home) : Result<FolderPath>{fail(Errc::not_found)};
  if (!place) return std::nullopt;
  if (kind == NodeKind::folder) return node.fmid;
  // Two folders of the index may be one place in the medium: a trash that also shows as an ordinary folder.
  if (*home != parent && *place == MAPISTORE_TRY(context_.path(call, parent))) return node.fmid;
  const auto there = medium.inspect(call, *place, known->object.ref.key);
  if (!there && there.error().code == Errc::not_found) return node.fmid;
  return std::nullopt;
}

bool ContextSync::lies_there(const Call& call, const Look& look) const {
  const auto now = context_.path(call, look.folder);
  return now && *now == look.path;
}

Result<ContextSync::Taken> ContextSync::take(const Call& call, Context& medium, Look& look,
                                             const std::vector<Entry>& entries, bool quietly) {
  Taken taken;
  if (entries.empty()) return taken;
  const Fmid parent = look.folder;
  MAPISTORE_CHECK(look.report.settle(call));
  std::vector<std::optional<Fmid>> sources;
  sources.reserve(entries.size());
  for (const Entry& entry : entries)
    sources.push_back(MAPISTORE_TRY(moved_from(call, medium, parent, entry.key, entry.identity, NodeKind::message)));

  std::vector<IndexWriter::Applied> applied;
  applied.reserve(entries.size());
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  if (!is_ours(parent)) return taken;
  const bool moved_away = !lies_there(call, look);
  bool membership_changed = false;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (moved_away || look.report.is_outdated(entries[i].key)) {
      taken.outdated.push_back(entries[i].key);
      continue;
    }
    applied.push_back(MAPISTORE_TRY(
        writer->apply(context_.row().id, parent, entries[i], context_.rules(medium.profile()), sources[i])));
    look.report.entered(entries[i].key);
    membership_changed |= applied.back().added || applied.back().moved;
  }
  if (membership_changed && !quietly) MAPISTORE_CHECK(writer->touch_folder(parent));
  MAPISTORE_CHECK(writer->commit());
  for (const auto& one : applied) {
    if (one.in_transfer) continue;
    taken.fmids.push_back(one.fmid);
    if (!quietly || one.moved) tell(one, parent);
  }
  return taken;
}

Result<std::optional<Fmid>> ContextSync::take(const Call& call, Context& medium, Look& look, const FolderEntry& entry,
                                              bool quietly) {
  const Fmid parent = look.folder;
  MAPISTORE_CHECK(look.report.settle(call));
  const auto source = MAPISTORE_TRY(moved_from(call, medium, parent, entry.key, entry.identity, NodeKind::folder));
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  if (look.report.is_outdated(entry.key) || !is_ours(parent) || !lies_there(call, look)) return std::nullopt;
  const auto applied =
      MAPISTORE_TRY(writer->apply(context_.row().id, parent, entry, context_.rules(medium.profile()), source));
  if (applied.in_transfer) return std::nullopt;
  look.report.entered(entry.key);
  if ((applied.added || applied.moved) && !quietly) MAPISTORE_CHECK(writer->touch_folder(parent));
  MAPISTORE_CHECK(writer->commit());
  if (!quietly || applied.moved) tell(applied, parent);
  return applied.fmid;
}

void ContextSync::tell(const IndexWriter::Applied& applied, Fmid parent) {
  if (applied.moved) observer_.vanished(applied.old_parent, applied.fmid, applied.old_name);
  if (applied.added || applied.moved) observer_.appeared(parent, applied.name);
  if (applied.old_bytes && context_.on_bytes_gone) context_.on_bytes_gone(applied.fmid, *applied.old_bytes);
  if (applied.bytes_changed)
    observer_.bytes_changed(applied.fmid);
  else if (applied.attributes_changed)
    observer_.attributes_changed(applied.fmid);
}

Result<bool> ContextSync::set_gone(const Call& call, Look& look, const Key& key) {
  const Fmid parent = look.folder;
  MAPISTORE_CHECK(look.report.settle(call));
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  if (look.report.is_outdated(key)) return false;
  if (!is_ours(parent)) return true;
  if (!lies_there(call, look)) return false;
  look.report.entered(key);
  const auto row = index_.by_key(parent, key);
  if (!row) return true;
  const Fmid fmid = row->node.fmid;
  MAPISTORE_CHECK(writer->set_gone(fmid));
  MAPISTORE_CHECK(writer->touch_folder(parent));
  MAPISTORE_CHECK(writer->commit());
  observer_.vanished(parent, fmid, row->node.name);
  if (row->node.is_folder() && context_.on_folder_gone) context_.on_folder_gone();
  if (!row->node.is_folder() && context_.on_bytes_gone) context_.on_bytes_gone(fmid, row->ref);
  return true;
}

Result<> ContextSync::refresh_message(const Call& call, Fmid folder, const Key& key) {
  const auto use = MAPISTORE_TRY(context_.use(call));
  MAPISTORE_CHECK(index_.look_for_foreign_changes());
  Context* medium = MAPISTORE_TRY(context_.medium(call));
  for (bool up_to_date = false; !up_to_date;) {
    MAPISTORE_CHECK(call.check());
    Look look{folder, MAPISTORE_TRY(context_.path(call, folder)), {context_.traffic(), folder}};
    auto entry = medium->inspect(call, look.path, key);
    if (!entry && entry.error().code != Errc::not_found) return std::unexpected(std::move(entry).error());
    if (const auto awaiting = index_.awaiting_at(folder, key))
      return take_awaiting(call, *medium, look.report, *awaiting,
                           entry ? std::optional{std::move(*entry)} : std::nullopt);
    const auto row = index_.by_key(folder, key);
    if (entry) {
      up_to_date = row && row->ref.change == entry->change && row->ref.state_change == entry->state_change &&
                   (entry->size_trust != SizeTrust::exact || row->node.size == entry->size);
      if (up_to_date) break;
      std::vector<Entry> entries;
      entries.push_back(std::move(*entry));
      up_to_date = MAPISTORE_TRY(take(call, *medium, look, entries, false)).outdated.empty();
    } else {
      up_to_date = MAPISTORE_TRY(set_gone(call, look, key));
    }
  }
  return {};
}

Result<> ContextSync::take_awaiting(const Call& call, const Context& medium, FolderTraffic::Report& report,
                                    const StoredMessage& message, std::optional<Entry> entry) {
  const Node& node = message.node;
  if (entry && entry->change == message.ref.change && entry->state_change == message.ref.state_change) return {};
  MAPISTORE_CHECK(report.settle(call));
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  const auto now = index_.message(node.fmid);
  if (!now || now->node.context != node.context || now->ref.key != message.ref.key) return {};
  if (entry) {
    const Profile& profile = medium.profile();
    if (!profile.keeps_state) entry->state = message.state;
    if (!profile.keeps_received) entry->received = node.modified;
    MAPISTORE_CHECK(writer->commit_message(node.fmid, node.context, node.parent, node.name, *entry, node,
                                           context_.rules(profile)));
  } else {
    MAPISTORE_CHECK(writer->set_gone(node.fmid));
    MAPISTORE_CHECK(writer->touch_folder(node.parent));
  }
  MAPISTORE_CHECK(writer->commit());
  if (entry)
    observer_.bytes_changed(node.fmid);
  else
    observer_.vanished(node.parent, node.fmid, node.name);
  return {};
}

bool ContextSync::is_ours(Fmid folder) const {
  const auto facts = index_.folder_facts(folder);
  return facts && (*facts)->context == context_.row().id;
}

Call ContextSync::background_call() const { return Call::within(context_.settings().deadline); }

void ContextSync::message_changed(const FolderPath& path, const Key& key) {
  const auto folder = index_.folder_at(context_.row().root, path);
  if (!folder) {
    folder_changed(path);
    return;
  }
  if (auto done = refresh_message(background_call(), *folder, key); !done)
    log::line(LogLevel::warning, context_.settings().name, done.error().to_string());
}

void ContextSync::folder_changed(const FolderPath& path) {
  // An unknown folder is new below one that is known: that one is listed again, with all that is new in it.
  FolderPath known = path;
  auto folder = index_.folder_at(context_.row().root, known);
  while (!folder && !known.empty()) {
    known.pop_back();
    folder = index_.folder_at(context_.row().root, known);
  }
  if (!folder) return;
  // What others do in a folder that is being left shows when it has been left, or is given up.
  if (const auto facts = index_.folder_facts(*folder); facts && (*facts)->kind == NodeKind::leaving_folder) return;
  if (auto done = list_folder(background_call(), *folder); !done && done.error().code != Errc::not_found)
    log::line(LogLevel::warning, context_.settings().name, done.error().to_string());
  std::vector<Fmid> unlisted;
  auto found = index_.list(*folder, Fmid{}, [&](const Node& node) {
    if (node.kind == NodeKind::folder) unlisted.push_back(node.fmid);
    return true;
  });
  for (const Fmid child : unlisted)
    if (const auto facts = index_.folder_facts(child); found && facts && !(*facts)->listed)
      found = list_tree(background_call(), child);
  if (!found) log::line(LogLevel::warning, context_.settings().name, found.error().to_string());
}

void ContextSync::everything_changed() {
  const Call call = Call::within(std::chrono::hours{1});
  if (auto done = list_tree(call, context_.row().root); !done)
    log::line(LogLevel::warning, context_.settings().name, done.error().to_string());
}

}  // namespace mapistore
