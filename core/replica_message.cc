// How one message comes over: saved, adopted or brought up to date, read back, and noted.
#include <algorithm>

#include "core/codec/names.h"
#include "core/copier.h"
#include "core/crlf_body.h"
#include "core/index_row.h"
#include "core/replica.h"

namespace mapistore {

namespace {

constexpr unsigned most_numbers = 1000;

/// All of a message but its bytes and place, as one text: equal when nothing has to be set.
std::string mark_of(const StoredMessage& message, const SideProperties& side) {
  std::string mark = std::to_string(pack_state(message.state)) + ' ' +
                     std::to_string(to_integer(message.node.modified)) + '\n' + pack_categories(message.state);
  for (const auto& [part, key, value] : side)
    mark.append(1, '\0').append(part).append(1, '\0').append(key).append(1, '\0').append(value.value_or("\1"));
  return mark;
}

}  // namespace

/// What a folder of the target holds that no replica is noted of, by what its bytes say of it.
class Replica::Strays final : public ChangeSink {
 public:
  /// `any_size`: the medium may have made other bytes of what it was given.
  Strays(std::set<Key> noted, bool any_size) : noted_{std::move(noted)}, any_size_{any_size} {}

  std::string id_of(const Summary& summary, std::uint64_t size) const { return id10(summary, any_size_ ? 0 : size); }

  bool known(const Key& key, const ChangeKey&, const ChangeKey&) override { return noted_.contains(key); }
  Result<> message(Entry entry) override {
    if (!noted_.contains(entry.key)) by_id_[id_of(entry.summary, entry.size)].push_back(std::move(entry));
    return {};
  }
  Result<> folder(FolderEntry) override { return {}; }
  Result<> removed(const Key&) override { return {}; }

  /// Takes those out that may be the message; the others are for other messages.
  std::vector<Entry> take(const std::string& id) {
    const std::lock_guard lock{mutex_};
    auto found = by_id_.extract(id);
    return found ? std::move(found.mapped()) : std::vector<Entry>{};
  }
  void put_back(const std::string& id, std::vector<Entry> entries) {
    const std::lock_guard lock{mutex_};
    auto& there = by_id_[id];
    there.insert(there.end(), std::make_move_iterator(entries.begin()), std::make_move_iterator(entries.end()));
  }

 private:
  const std::set<Key> noted_;
  const bool any_size_;
  std::mutex mutex_;  ///< rank: leaf
  std::map<std::string, std::vector<Entry>> by_id_;
};

/// Of the strays of one folder.
struct Replica::Search {
  std::mutex mutex;  ///< rank: before the target's and the index's; held while the target is asked
  std::shared_ptr<Strays> found;
};

/// A message as it is to be in the target.
struct Replica::Wanted {
  StoredMessage message;
  SideProperties side;
  std::string mark;
  FolderPath path;
  std::unique_ptr<Body> original;  ///< with those below, only when the bytes are to be brought
  std::unique_ptr<Body> mended;    ///< null: nothing is to be mended
  Body* body = nullptr;            ///< as the other medium will have it
  Summary summary;
};

Result<bool> Replica::bring_message(const Call& call, Fmid fmid) {
  auto brought = bring_message_once(call, fmid);
  if (brought) return brought;
  const auto node = index_.node(fmid);
  if (node) {
    // The other medium may have it all the same: it is looked for before it is saved again.
    const Locked locked{mutex_};
    strays_.erase(node->parent);
    has_failed_ = true;
  }
  if (brought.error().code != Errc::not_found || !node || !index_.replica(fmid)) return brought;
  // What the other medium had of it is not where it was: it is looked for among what is there, or brought anew.
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  MAPISTORE_CHECK(writer->erase_replica(fmid));
  MAPISTORE_CHECK(writer->commit());
  writer.reset();
  return bring_message_once(call, fmid);
}

Result<bool> Replica::bring_message_once(const Call& call, Fmid fmid) {
  const auto stored = index_.message(fmid);
  // What is gone by now is found by remove_lost.
  if (!stored || stored->node.kind != NodeKind::message || stored->node.context != source_.row().id) return false;
  Wanted wanted{.message = *stored,
                .side = MAPISTORE_TRY(index_.side_properties(fmid)),
                .mark = {},
                .path = {},
                .original = nullptr,
                .mended = nullptr,
                .summary = {}};
  const Node& node = wanted.message.node;
  wanted.mark = mark_of(wanted.message, wanted.side);
  wanted.path = MAPISTORE_TRY(path_of(node.parent));
  const auto found = index_.replica(fmid);
  const auto before = found ? std::optional{*found} : std::nullopt;
  if (before && before->source == wanted.message.ref.change) {
    const bool in_place =
        before->parent == node.parent && (before->name == node.name || !target_.profile().names_on_medium);
    if (in_place && before->mark == wanted.mark) return false;
    MAPISTORE_CHECK(note(wanted, MAPISTORE_TRY(update(call, wanted, *before))));
    return true;
  }
  store_.reading(node);
  auto body = store_.open(call, fmid);
  // Removed since: see above.
  if (!body && body.error().code == Errc::not_found && !index_.message(fmid)) return false;
  if (!body) return std::unexpected(std::move(body).error());
  if ((*body)->change() != wanted.message.ref.change)
    return fail(Errc::stale, node.name, "was changed just now", "the next pass brings it over");
  wanted.original = std::move(*body);
  wanted.mended = MAPISTORE_TRY(as_kept_by(call, target_.profile(), *wanted.original));
  wanted.body = wanted.mended ? wanted.mended.get() : wanted.original.get();
  wanted.summary = MAPISTORE_TRY(summary_of(call, *wanted.body, node.name));
  MAPISTORE_CHECK(note(wanted, MAPISTORE_TRY(save(call, wanted, before))));
  return true;
}

Result<Entry> Replica::save(const Call& call, const Wanted& wanted, const std::optional<ReplicaRow>& before) {
  const Node& node = wanted.message.node;
  std::unique_ptr<Body> stored;
  Draft draft{.body = wanted.body,
              .name = node.name,
              .summary = wanted.summary,
              .state = wanted.message.state,
              .received = node.modified,
              .properties = wanted.side,
              .stored = &stored};
  if (auto adopted = MAPISTORE_TRY(adopt(call, wanted))) {
    if (before) MAPISTORE_CHECK(remove(call, *before));
    return *std::move(adopted);
  }
  // In its place only where it lies; what has moved is saved anew, and the older one goes.
  const bool in_place = before && before->parent == node.parent;
  MessageRef replaced = before ? before->ref : MessageRef{};
  auto saved = target_.save(call, wanted.path, draft, in_place ? &replaced : nullptr);
  if (!saved && saved.error().code == Errc::stale && in_place) {
    const Entry now = MAPISTORE_TRY(target_.inspect(call, wanted.path, replaced.key));
    replaced = {now.key, now.change, now.state_change};
    saved = target_.save(call, wanted.path, draft, &replaced);
  }
  for (unsigned number = 1; !saved && saved.error().code == Errc::exists && number < most_numbers; ++number) {
    // Until what has its name there has gone its own way.
    draft.name = numbered(node.name, number);
    saved = target_.save(call, wanted.path, draft, nullptr);
  }
  if (!saved) return saved;
  auto kept = has_kept(call, target_, wanted.path, *saved, std::move(stored), *wanted.body);
  if (kept && !*kept)
    kept = fail(Errc::corrupted, node.name, "came back from the other medium other than it went there");
  if (!kept) {
    static_cast<void>(target_.remove(call, wanted.path, {saved->key, saved->change, saved->state_change}));
    return std::unexpected(std::move(kept).error());
  }
  if (before && !in_place) MAPISTORE_CHECK(remove(call, *before));
  if (before && saved->leaves_replaced) {
    // As a counterpart of nothing it is removed by the end of the pass.
    ReplicaRow left = *before;
    left.fmid = MAPISTORE_TRY(index_.new_fmid());
    MAPISTORE_CHECK(note(left));
  }
  return saved;
}

Result<Entry> Replica::update(const Call& call, const Wanted& wanted, const ReplicaRow& before) {
  const Node& node = wanted.message.node;
  const Profile& profile = target_.profile();
  Entry entry{.key = before.ref.key,
              .change = before.ref.change,
              .state_change = before.ref.state_change,
              .identity = before.identity,
              .name = before.name,
              .size = before.ref.size,
              .size_trust = before.size_trust,
              .state = wanted.message.state,
              .summary = {},
              .properties = {}};
  if (before.parent != node.parent || (profile.names_on_medium && before.name != node.name)) {
    Moving* moving = target_.ability<Moving>();
    const FolderPath from = MAPISTORE_TRY(path_of(before.parent));
    auto moved = moving == nullptr ? Result<Entry>{fail(Errc::unsupported, node.name)}
                                   : moving->move(call, from, before.ref, wanted.path, node.name, nullptr);
    for (unsigned number = 1; !moved && moved.error().code == Errc::exists && number < most_numbers; ++number)
      moved = moving->move(call, from, before.ref, wanted.path, numbered(node.name, number), nullptr);
    if (!moved) return std::unexpected(std::move(moved).error());
    entry = std::move(*moved);
    // Should the rest fail, it is known where it went.
    if (before.fmid) {
      ReplicaRow there = before;
      there.parent = node.parent;
      there.name = entry.name.empty() ? node.name : entry.name;
      there.ref = {entry.key, entry.change, entry.state_change, entry.size};
      there.identity = entry.identity;
      there.size_trust = entry.size_trust;
      MAPISTORE_CHECK(note(there));
    }
  }
  if (before.mark == wanted.mark) return entry;
  StateChange change;
  if (profile.keeps_state) change.state = wanted.message.state;
  if (profile.keeps_received) change.received = node.modified;
  if (profile.keeps_properties) change.properties = wanted.side;
  if (!change.state && !change.received && !change.properties) return entry;
  return target_.set_state(call, wanted.path, {entry.key, entry.change, entry.state_change}, change);
}

Result<std::optional<Entry>> Replica::adopt(const Call& call, const Wanted& wanted) {
  const auto strays = MAPISTORE_TRY(strays_in(call, wanted.message.node.parent, wanted.path));
  const std::string id = strays->id_of(wanted.summary, wanted.body->size());
  std::vector<Entry> candidates = strays->take(id);
  if (candidates.empty()) return std::nullopt;
  const std::string fingerprint = MAPISTORE_TRY(fingerprint_of(call, target_.profile(), *wanted.body, wanted.summary));
  for (auto candidate = candidates.begin(); candidate != candidates.end(); ++candidate) {
    const MessageRef ref{candidate->key, candidate->change, candidate->state_change};
    if (!MAPISTORE_TRY(is_copy(call, target_, wanted.path, *candidate, fingerprint))) continue;
    Entry found = std::move(*candidate);
    candidates.erase(candidate);
    strays->put_back(id, std::move(candidates));
    const ReplicaRow as_found{.fmid = {},
                              .context = {},
                              .is_folder = false,
                              .parent = wanted.message.node.parent,
                              .name = found.name,
                              .ref = ref,
                              .identity = found.identity,
                              .size_trust = found.size_trust,
                              .source = {},
                              .mark = {}};
    return MAPISTORE_TRY(update(call, wanted, as_found));
  }
  strays->put_back(id, std::move(candidates));
  return std::nullopt;
}

void Replica::note_empty(Fmid folder) {
  auto search = std::make_shared<Search>();
  search->found = std::make_shared<Strays>(std::set<Key>{}, false);
  const Locked locked{mutex_};
  strays_[folder] = std::move(search);
}

Result<std::shared_ptr<Replica::Strays>> Replica::strays_in(const Call& call, Fmid folder, const FolderPath& path) {
  std::shared_ptr<Search> search;
  {
    const Locked locked{mutex_};
    auto& place = strays_[folder];
    if (!place) place = std::make_shared<Search>();
    search = place;
  }
  // The first one looks, and the others wait for it: each would be told all of the folder.
  const std::lock_guard lock{search->mutex};
  if (search->found) return search->found;
  std::set<Key> noted;
  for (const ReplicaRow& row : MAPISTORE_TRY(index_.replicas_in(source_.row().id, folder))) noted.insert(row.ref.key);
  auto strays = std::make_shared<Strays>(std::move(noted), target_.profile().rewrites_bytes);
  MAPISTORE_CHECK(target_.changes(call, path, {}, *strays));
  return search->found = std::move(strays);
}

Result<> Replica::note(const Wanted& wanted, const Entry& entry) {
  const Node& node = wanted.message.node;
  ReplicaRow row{.fmid = node.fmid,
                 .context = source_.row().id,
                 .is_folder = false,
                 .parent = node.parent,
                 .name = entry.name.empty() ? node.name : entry.name,
                 .ref = {entry.key, entry.change, entry.state_change, entry.size},
                 .identity = entry.identity,
                 .size_trust = entry.size_trust,
                 .source = wanted.message.ref.change,
                 .mark = wanted.mark};
  const Profile& profile = target_.profile();
  if (row.size_trust != SizeTrust::exact && !profile.rewrites_bytes &&
      (wanted.body != nullptr || !profile.crlf_lines)) {
    row.ref.size = wanted.body != nullptr ? wanted.body->size() : node.size;
    row.size_trust = wanted.body != nullptr ? SizeTrust::exact : node.size_trust;
  }
  return note(row);
}

Result<> Replica::note(const ReplicaRow& row) {
  const auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  MAPISTORE_CHECK(writer->set_replica(row));
  return writer->commit();
}

Result<> Replica::remove(const Call& call, const ReplicaRow& row) {
  const FolderPath path = MAPISTORE_TRY(path_of(row.parent));
  if (!row.is_folder) {
    const MessageRef whatever{.key = row.ref.key, .change = {}, .state_change = {}};
    auto removed = target_.remove(call, path, whatever);
    return removed || removed.error().code == Errc::not_found ? Result<>{} : removed;
  }
  FolderPath folder = path;
  folder.push_back(row.ref.key);
  auto removed = target_.remove_folder(call, folder);
  return removed || removed.error().code == Errc::not_found ? Result<>{} : removed;
}

}  // namespace mapistore
