// What follows a move: removing what is left of it, and finding out how one ended that nobody saw the end of.

#include <algorithm>
#include <array>
#include <thread>

#include "core/copier.h"
#include "core/crlf_body.h"
#include "core/log.h"
#include "core/medium_contents.h"

namespace mapistore {

namespace {

/// Messages that wait for one making-durable.
constexpr std::size_t removals_at_once = 256;
constexpr std::chrono::seconds first_pause{1};
/// What is moved one after the other is removed together, since before each removal disks are waited for.
constexpr std::chrono::milliseconds gathering{100};
constexpr std::chrono::seconds longest_pause{60};
constexpr std::chrono::seconds patience{60};
/// Before each look for what was saved. A server may still be storing what it got before its connection ended.
constexpr std::array<std::chrono::milliseconds, 3> looks{std::chrono::milliseconds{0}, std::chrono::milliseconds{1000},
                                                         std::chrono::milliseconds{2000}};

/// Collects what a folder shows that the index does not know, and that may be a transfer's message.
class Candidates final : public ChangeSink {
 public:
  /// `any_size`: the medium may have made other bytes of it.
  Candidates(Index& index, const Transfer& transfer, bool any_size)
      : index_{index}, transfer_{transfer}, any_size_{any_size} {}

  bool known(const Key& key, const ChangeKey& change, const ChangeKey&) override {
    const auto row = index_.by_key(transfer_.target, key);
    return row && (key != transfer_.replaced || row->ref.change == change);
  }
  Result<> message(Entry entry) override {
    const bool may_be = any_size_ || entry.size_trust != SizeTrust::exact || entry.size == transfer_.size;
    if (known(entry.key, entry.change, entry.state_change) || !may_be) return {};
    // It may have lain here before, with the same bytes: what is left of that is not what was saved now.
    const MessageRef there{entry.key, entry.change, entry.state_change};
    if (!MAPISTORE_TRY(index_.is_to_be_removed(transfer_.target, there))) found.push_back(std::move(entry));
    return {};
  }
  Result<> folder(FolderEntry) override { return {}; }
  Result<> removed(const Key&) override { return {}; }

  std::vector<Entry> found;

 private:
  Index& index_;
  const Transfer& transfer_;
  bool any_size_;
};

/// Sleeps for `pause`, or until the call ends.
Result<> wait(const Call& call, std::chrono::milliseconds pause) {
  constexpr std::chrono::milliseconds step{100};
  for (; pause > pause.zero(); pause -= step) {
    MAPISTORE_CHECK(call.check());
    std::this_thread::sleep_for(std::min(pause, step));
  }
  return call.check();
}

/// Removes a folder in which there is nothing but folders. Errc::not_empty.
Result<> remove_empty(const Call& call, Context& medium, const FolderPath& path) {
  for (const FolderEntry& folder : MAPISTORE_TRY(folders_in(call, medium, path))) {
    FolderPath child = path;
    child.push_back(folder.key);
    MAPISTORE_CHECK(remove_empty(call, medium, child));
  }
  return medium.remove_folder(call, path);
}

}  // namespace

Result<bool> look_for_saved(const Call& call, bool remote, const std::function<Result<bool>()>& look) {
  for (const auto pause : looks) {
    MAPISTORE_CHECK(wait(call, pause));
    if (MAPISTORE_TRY(look())) return true;
    if (!remote) break;
  }
  return false;
}

void Copier::run(const std::stop_token& stop) {
  constexpr auto no_time = BackgroundThread::Clock::time_point::max();
  for (auto pause = first_pause;;) {
    // Once more when asked to end: what was moved last is to be removed as well.
    const bool all = work_off(stop.stop_requested() ? Call::within(first_pause) : Call::within(patience, stop));
    if (stop.stop_requested()) return;
    thread_.sleep(stop, all ? no_time : BackgroundThread::Clock::now() + pause);
    thread_.pause(stop, gathering);
    pause = all ? first_pause : std::min(pause * 2, longest_pause);
  }
}

bool Copier::work_off(const Call& call) {
  bool all = true;
  const auto work = [&]() -> Result<> {
    if (MAPISTORE_TRY(index_.has_foreign_transfers())) {
      auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
      if (MAPISTORE_TRY(writer->orphan_transfers_of_the_dead())) all = false;
      MAPISTORE_CHECK(writer->commit());
    }
    for (const Transfer& transfer : MAPISTORE_TRY(index_.orphaned_transfers()))
      if (auto settled = claim_and_settle(call, transfer); !settled) {
        all = false;
        if (settled.error().to_string() != last_failure_) errors_.record(settled.error());
        last_failure_ = settled.error().to_string();
      }
    for (const auto& [parent, name] : MAPISTORE_TRY(index_.abandoned_beginnings()))
      if (!settle_beginning(call, parent, name)) all = false;
    std::optional<Removal> last;
    while (true) {
      const auto removals = MAPISTORE_TRY(index_.removals(removals_at_once, last ? &*last : nullptr));
      if (removals.empty()) return {};
      last = removals.back();
      MAPISTORE_CHECK(remove(call, removals, all));
    }
  };
  const auto done = work();
  if (!done && !call.stop.stop_requested() && done.error().to_string() != last_failure_) {
    errors_.record(done.error());
    last_failure_ = done.error().to_string();
  }
  if (done && all) last_failure_.clear();
  return done && all;
}

Result<> Copier::clear(const Call& call, Fmid folder) {
  const Removal before{folder, {}, {}};
  while (true) {
    auto removals = MAPISTORE_TRY(index_.removals(removals_at_once, &before));
    std::erase_if(removals, [&](const Removal& removal) { return removal.folder != folder; });
    if (removals.empty()) return {};
    bool all = true;
    MAPISTORE_CHECK(remove(call, removals, all));
    if (!all) return fail(Errc::busy, {}, "still holds what was moved away", "try again when its medium answers");
  }
}

Result<> Copier::remove(const Call& call, std::span<const Removal> removals, bool& all) {
  // What they gave way to must be there for good first, and known to be.
  MAPISTORE_CHECK(index_.make_durable());
  std::map<ContextId, bool> durable;
  for (const Removal& removal : removals) {
    if (durable.contains(removal.after)) continue;
    const auto context = store_.context(removal.after);
    const auto medium = context ? (*context)->medium(call) : Result<Context*>{nullptr};
    Durability* durability = medium && *medium != nullptr ? (*medium)->ability<Durability>() : nullptr;
    durable[removal.after] = medium && (durability == nullptr || durability->make_durable(call));
  }
  for (std::size_t first = 0; first < removals.size();) {
    const Fmid folder = removals[first].folder;
    std::size_t last = first;
    while (last < removals.size() && removals[last].folder == folder) ++last;
    const auto group = removals.subspan(first, last - first);
    first = last;
    const auto facts = index_.folder_facts(folder);
    // A context that this mount has not waits for one that has it.
    if (facts && !store_.context((*facts)->context)) continue;
    const auto use = facts ? store_.use(call, (*facts)->context) : Result<UseGate::Use>{fail(Errc::not_found)};
    const auto at = facts ? store_.place_for_writing(call, folder) : Result<Place>{fail(Errc::not_found)};
    if (facts && !at) {
      all = false;
      continue;
    }
    std::vector<const Removal*> done, outdated;
    std::optional<FolderTraffic::Change> change;
    if (at) change.emplace(at->context->traffic(), folder);
    for (const Removal& removal : group) {
      const auto live = index_.by_key(folder, removal.ref.key);
      const bool is_somebodys = live && live->ref.change == removal.ref.change;
      auto removed = !at || is_somebodys      ? Result<>{}
                     : durable[removal.after] ? at->medium->remove(call, at->path, removal.ref)
                                              : fail(Errc::busy);
      const bool is_outdated = !removed && removed.error().code == Errc::stale;
      if (removed || removed.error().code == Errc::not_found || is_outdated)
        done.push_back(&removal);
      else
        all = false;
      // Changed by others after it was moved: that version is a message of its own.
      if (is_outdated) outdated.push_back(&removal);
      if (change && !is_outdated) change->wrote(removal.ref.key);
    }
    auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
    for (const Removal* removal : done) MAPISTORE_CHECK(writer->end_removal(*removal));
    MAPISTORE_CHECK(writer->commit());
    writer.reset();
    change.reset();
    for (const Removal* removal : outdated) MAPISTORE_CHECK(at->context->refresh(call, folder, removal->ref.key));
  }
  return {};
}

Result<std::optional<Entry>> Copier::find_saved(const Call& call, const Place& into, const Transfer& transfer,
                                                std::string_view fingerprint) {
  std::optional<Entry> saved;
  const Profile& profile = into.medium->profile();
  MAPISTORE_CHECK(look_for_saved(call, profile.remote, [&]() -> Result<bool> {
    Candidates candidates{index_, transfer, profile.rewrites_bytes};
    MAPISTORE_CHECK(into.medium->changes(call, into.path, {}, candidates));
    for (Entry& entry : candidates.found) {
      if (!MAPISTORE_TRY(is_copy(call, *into.medium, into.path, entry, fingerprint))) continue;
      saved = std::move(entry);
      return true;
    }
    return false;
  }));
  return saved;
}

Result<std::optional<Transfer>> Copier::orphaned(Fmid message) {
  auto all = MAPISTORE_TRY(index_.orphaned_transfers());
  const auto found = std::ranges::find(all, message, &Transfer::fmid);
  return found != all.end() ? std::optional{std::move(*found)} : std::nullopt;
}

Result<> Copier::claim_and_settle(const Call& call, const Transfer& transfer) {
  // Who moves the message again settles this first; what he saves then is not to be taken for what was saved before.
  const auto claim = MAPISTORE_TRY(store_.claim(call, transfer.fmid));
  return MAPISTORE_TRY(orphaned(transfer.fmid)) ? settle(call, transfer) : Result<>{};
}

Result<> Copier::settle_earlier_edit(const Call& call, Fmid message) {
  const auto earlier = MAPISTORE_TRY(orphaned(message));
  return earlier && earlier->is_edit() ? settle(call, *earlier) : Result<>{};
}

Result<bool> Copier::has_given_way(const Call& call, Fmid fmid) {
  const auto message = index_.message(fmid);
  if (!message) return index_.is_gone(fmid);
  const auto use = MAPISTORE_TRY(store_.use(call, message->node.context));
  const Place at = MAPISTORE_TRY(store_.place_for_writing(call, MAPISTORE_TRY(index_.home(message->node))));
  const auto there = at.medium->inspect(call, at.path, message->ref.key);
  if (!there && there.error().code != Errc::not_found) return std::unexpected(there.error());
  return !there;
}

Result<> Copier::settle_edit(const Call& call, const Transfer& edit, const Place& into) {
  const auto saved = MAPISTORE_TRY(find_saved(call, into, edit, edit.fingerprint));
  std::optional<Removal> left;
  // What a new version has replaced all the same stays replaced.
  if (saved && !MAPISTORE_TRY(has_given_way(call, edit.fmid)))
    left = Removal{edit.target, {saved->key, saved->change, saved->state_change}, into.context->row().id};
  return end(call, edit, into.context, left);
}

Result<> Copier::end(const Call& call, const Transfer& transfer, LiveContext* into,
                     const std::optional<Removal>& left) {
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  // Another process may have settled it meanwhile, and moved the message again: what it saved is not ours to remove.
  if (!MAPISTORE_TRY(writer->end_orphan(transfer.fmid))) return {};
  if (left) MAPISTORE_CHECK(writer->add_removal(*left));
  // Listings have passed over what may be somebody's after all.
  if (into != nullptr) MAPISTORE_CHECK(writer->set_listed(transfer.target, {}));
  MAPISTORE_CHECK(writer->commit());
  writer.reset();
  return into != nullptr ? into->refresh_folder(call, transfer.target) : Result<>{};
}

Result<> Copier::settle(const Call& call, const Transfer& transfer) {
  const auto message = index_.message(transfer.fmid);
  const auto facts = index_.folder_facts(transfer.target);
  // A context that this mount has not waits for one that has it.
  if (facts && !store_.context((*facts)->context)) return {};
  const auto arriving = facts ? store_.use(call, (*facts)->context) : Result<UseGate::Use>{fail(Errc::not_found)};
  const auto into = facts ? store_.place_for_writing(call, transfer.target) : Result<Place>{fail(Errc::not_found)};
  if (facts && !into) return std::unexpected(into.error());
  if (into && transfer.is_edit()) return settle_edit(call, transfer, *into);
  std::optional<Place> from;
  std::string fingerprint = transfer.fingerprint;
  bool is_as_given = false;
  const auto home = message ? index_.home(message->node) : Result<Fmid>{fail(Errc::not_found)};
  const auto leaving =
      home && into ? store_.use(call, message->node.context) : Result<UseGate::Use>{fail(Errc::not_found)};
  if (home && into) {
    from = MAPISTORE_TRY(store_.place_for_writing(call, *home));
    const auto original = MAPISTORE_TRY(open_for_copy(call, *from, message->ref, index_.directory()));
    const auto mended = MAPISTORE_TRY(as_kept_by(call, into->medium->profile(), *original));
    Body& bytes = mended ? *mended : *original;
    const Summary sent = summary_of(call, bytes, transfer.name).value_or(Summary{});
    const std::string now = MAPISTORE_TRY(fingerprint_of(call, into->medium->profile(), bytes, sent));
    if (fingerprint.empty()) fingerprint = now;
    is_as_given = now == fingerprint;
  }
  const std::optional<Entry> saved =
      into && !fingerprint.empty() ? MAPISTORE_TRY(find_saved(call, *into, transfer, fingerprint)) : std::nullopt;
  // In the place of another message it stays, and the move is ended as it was meant, unless the message was edited or
  // removed since. Else it goes: who asked for the move was not told that it was done.
  const bool in_place = saved && transfer.replaced == saved->key;
  if (in_place && is_as_given) {
    const Move move{.message = *message, .home = *home, .from = *from, .into = *into, .transfer = transfer, .draft = {},
                    .replaced = {}};
    MAPISTORE_CHECK(enter(move, *saved));
    store_.tell_moved(message->node, transfer.target, transfer.name);
    return {};
  }
  std::optional<Removal> left;
  if (saved && !in_place)
    left = Removal{transfer.target,
                   {saved->key, saved->change, saved->state_change},
                   from ? from->context->row().id : into->context->row().id};
  return end(call, transfer, into ? into->context : nullptr, left);
}

Result<> Copier::settle_beginning(const Call& call, Fmid parent, const std::string& name) {
  const auto facts = index_.folder_facts(parent);
  // A context that this mount has not waits for one that has it.
  if (facts && !store_.context((*facts)->context)) return {};
  const auto use = facts ? store_.use(call, (*facts)->context) : Result<UseGate::Use>{fail(Errc::not_found)};
  const auto into = facts ? store_.place_for_writing(call, parent) : Result<Place>{fail(Errc::not_found)};
  if (facts && !into) return std::unexpected(into.error());
  std::optional<FolderTraffic::Change> change;
  if (into) {
    const auto there = MAPISTORE_TRY(folders_in(call, *into->medium, into->path));
    change.emplace(into->context->traffic(), parent);
    for (const FolderEntry& folder : there) {
      if (folder.display_name != name || index_.by_key(parent, folder.key)) continue;
      FolderPath path = into->path;
      path.push_back(folder.key);
      if (auto removed = remove_empty(call, *into->medium, path); !removed && removed.error().code != Errc::not_empty)
        return removed;
      // What has been told of it is not true any more.
      change->wrote(folder.key);
    }
  }
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  MAPISTORE_CHECK(writer->end_beginning(parent, name));
  // Listings have passed over it: what somebody has put there is to be seen.
  if (into) MAPISTORE_CHECK(writer->set_listed(parent, {}));
  MAPISTORE_CHECK(writer->commit());
  writer.reset();
  change.reset();
  return into ? into->context->refresh_folder(call, parent) : Result<>{};
}

}  // namespace mapistore
