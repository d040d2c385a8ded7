#include <algorithm>
#include <array>
#include <functional>

#include <mapistore/summarize.h>
#include <unistd.h>

#include <cerrno>

#include "core/codec/names.h"
#include "core/crlf_body.h"
#include "core/folder_mover.h"
#include "core/remote_bodies.h"
#include "core/side_store.h"

namespace mapistore {

namespace {

/// The call, for at most `limit` more.
Call within(const Call& call, std::chrono::nanoseconds limit) {
  return {std::min(call.deadline, std::chrono::steady_clock::now() + limit), call.stop};
}

/// `attempt`, once more if a name is taken by what was moved out of `folder` and is not removed from its medium yet.
Result<> with_free_name(const Call& call, Copier& copier, Fmid folder, const std::function<Result<>()>& attempt) {
  auto done = attempt();
  if (done || done.error().code != Errc::exists) return done;
  MAPISTORE_CHECK(copier.clear(call, folder));
  return attempt();
}

/// A medium may have an order of its own for categories.
bool is_same_but_for_order(State left, State right) {
  std::ranges::sort(left.categories);
  std::ranges::sort(right.categories);
  return left == right;
}

}  // namespace

Result<Summary> summary_of(const Call& call, Body& body, std::string_view name) {
  std::string head(static_cast<std::size_t>(std::min<std::uint64_t>(body.size(), summary_window)), '\0');
  head.resize(MAPISTORE_TRY(body.read_at(call, 0, std::as_writable_bytes(std::span{head}))));
  const MessageKind kind = MAPISTORE_TRY(check_content(kind_of_name(name), name, head));
  return summarize(kind, name, head);
}

Result<std::optional<StoredMessage>> Store::replaced_by(const Save& what) {
  if (auto same = index_.message(what.fmid); same && same->node.kind == NodeKind::message) return std::move(*same);
  const auto there = index_.find(what.parent, what.name);
  if (!there || there->kind != NodeKind::message || there->name != what.name) return std::nullopt;
  if (what.edits) return fail(Errc::stale, what.name, "was replaced by another program while it was edited");
  return MAPISTORE_TRY(index_.message(there->fmid));
}

Result<> Store::save(const Call& call, const Save& what) {
  const auto use = MAPISTORE_TRY(use_of(call, what.parent));
  const Place into = MAPISTORE_TRY(place_for_writing(call, what.parent));
  const Draft draft{.body = what.body,
                    .name = what.name,
                    .summary = MAPISTORE_TRY(summary_of(call, *what.body, what.name)),
                    .state = {},
                    .received = what.received,
                    .properties = {}};
  const auto before = MAPISTORE_TRY(replaced_by(what));
  const Fmid claimed = before ? before->node.fmid : what.fmid;
  MAPISTORE_CHECK(bring_home(call, claimed));
  const auto claim = MAPISTORE_TRY(claims_.claim(call, claimed));
  MAPISTORE_CHECK(copier_->settle_earlier_edit(call, claimed));
  auto saved = with_free_name(call, *copier_, what.parent, [&] { return save_draft(call, into, what, draft); });
  if (saved || saved.error().code != Errc::stale) return saved;
  // Another message that takes the place of this one does so whatever its state; only an edit must know its base.
  const auto replaced = MAPISTORE_TRY(replaced_by(what));
  if (!replaced || replaced->node.fmid == what.fmid) return saved;
  MAPISTORE_CHECK(into.context->refresh(call, what.parent, replaced->ref.key));
  return save_draft(call, into, what, draft);
}

Result<std::optional<Entry>> Store::copy_in_medium(const Call& call, const Place& into, const Save& what) {
  Moving* moving = into.medium->ability<Moving>();
  if (moving == nullptr || !what.copy_of) return std::nullopt;
  const auto original = index_.message(*what.copy_of);
  if (!original || original->node.context != into.context->row().id) return std::nullopt;
  const Place from = MAPISTORE_TRY(place(call, MAPISTORE_TRY(index_.home(original->node))));
  auto copied = moving->copy(call, from.path, original->ref, into.path, what.name);
  if (!copied && is_doubtful(copied.error().code)) return std::unexpected(std::move(copied).error());
  // It is not what was to be copied any more, or not to be copied there: its bytes are saved as any others.
  if (!copied) return std::nullopt;
  if (!what.received || !into.medium->profile().keeps_received || *what.received == copied->received) return copied;
  return into.medium->set_state(call, into.path, {copied->key, copied->change, copied->state_change},
                                {.state = {}, .received = what.received});
}

Result<> Store::enter(const Place& at, const Rows& rows, const std::function<Result<>(const Call&)>& undo) {
  const auto write = [&]() -> Result<> {
    const auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
    MAPISTORE_CHECK(rows(*writer));
    return writer->commit();
  };
  auto entered = write();
  if (entered) return entered;
  // Its own listings show later what the medium does not take back.
  if (auto undone = undo(Call::within(at.context->settings().deadline)); !undone) errors_.record(undone.error());
  return entered;
}

Result<> Store::save_draft(const Call& call, const Place& into, const Save& what, Draft draft) {
  FolderTraffic::Change change{into.context->traffic(), what.parent};
  const auto replaced = MAPISTORE_TRY(replaced_by(what));
  if (replaced) draft.state = replaced->state;
  if (what.state) draft.state = *what.state;
  draft.properties = what.side ? *what.side : settled(MAPISTORE_TRY(index_.side_properties(what.fmid)));
  const Profile& profile = into.medium->profile();
  auto copied = replaced ? std::nullopt : MAPISTORE_TRY(copy_in_medium(call, into, what));
  const auto mended = copied ? nullptr : MAPISTORE_TRY(as_kept_by(call, profile, *draft.body));
  if (mended) draft.body = mended.get();
  // What is kept is what the medium gets, whoever writes to the file meanwhile.
  const auto kept =
      profile.remote && !profile.rewrites_bytes && !copied ? bodies_->copy(call, *draft.body) : std::nullopt;
  const auto body = kept ? kept->body({}) : nullptr;
  if (body) draft.body = body.get();
  auto medium_has = copied ? Result<Entry>{*std::move(copied)}
                           : into.medium->save(call, into.path, draft, replaced ? &replaced->ref : nullptr);
  if (!medium_has && replaced && profile.remote && is_doubtful(medium_has.error().code))
    copier_->doubt(*replaced, into, what.parent, draft);
  Entry entry = MAPISTORE_TRY(std::move(medium_has));
  change.wrote(entry.key);
  if (replaced) change.wrote(replaced->ref.key);
  const MessageRef saved{entry.key, entry.change, entry.state_change};
  const auto undo = [&](const Call& waiting) -> Result<> {
    return replaced ? Result<>{} : into.medium->remove(waiting, into.path, saved);
  };
  if (auto waiting = call.check(); !waiting && !replaced) {
    // Nobody waits for the answer any more; who gave up must not find it done.
    MAPISTORE_CHECK(undo(Call::within(into.context->settings().deadline)));
    return waiting;
  }

  if (!profile.keeps_state) entry.state = draft.state;
  if (!profile.keeps_received && what.received) entry.received = *what.received;
  if (!profile.rewrites_bytes && entry.size_trust != SizeTrust::exact) {
    entry.size = draft.body->size();
    entry.size_trust = SizeTrust::exact;
  }
  const auto rows = [&](IndexWriter& writer) -> Result<> {
    MAPISTORE_CHECK(writer.commit_message(what.fmid, into.context->row().id, what.parent, what.name, entry, what.like,
                                          into.context->rules(into.medium->profile())));
    if (replaced && entry.leaves_replaced)
      MAPISTORE_CHECK(writer.add_removal({what.parent, replaced->ref, into.context->row().id}));
    if (!what.side && !profile.keeps_properties) return {};
    MAPISTORE_CHECK(writer.set_side_properties(what.fmid, profile.keeps_properties ? entry.properties : *what.side));
    return {};
  };
  MAPISTORE_CHECK(enter(into, rows, undo));
  if (entry.leaves_replaced) copier_->wake();
  if (remote_ && replaced) bodies_->forget(*replaced);
  if (body) bodies_->publish(*into.context, {into.context->row().id, what.fmid, entry.key, entry.change}, *kept);
  return {};
}

Result<> Store::take_for(const Call& call, const Node& local, const StoredMessage& message, std::string_view name) {
  const auto use = MAPISTORE_TRY(use_of(call, message.node.parent));
  const Place at = MAPISTORE_TRY(place(call, message.node.parent));
  FolderTraffic::Change change{at.context->traffic(), message.node.parent};
  Entry entry = MAPISTORE_TRY(at.medium->inspect(call, at.path, message.ref.key));
  if (entry.change != message.ref.change) return fail(Errc::stale, message.node.name, "was changed by another program");
  const Profile& profile = at.medium->profile();
  if (!profile.keeps_state) entry.state = message.state;
  if (!profile.keeps_received) entry.received = message.node.modified;
  if (entry.size_trust != SizeTrust::exact) entry.size = message.node.size, entry.size_trust = message.node.size_trust;
  change.wrote(entry.key);
  const auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  MAPISTORE_CHECK(writer->commit_message(local.fmid, at.context->row().id, message.node.parent, name, entry, local,
                                         at.context->rules(profile)));
  return writer->commit();
}

Result<> Store::purge(const Call& call, const Node& node, const Rows& in_place) {
  const auto use = MAPISTORE_TRY(this->use(call, node.context));
  const auto claim = MAPISTORE_TRY(claims_.claim(call, node.fmid));
  return take_out(call, MAPISTORE_TRY(index_.message(node.fmid)), in_place);
}

Result<> Store::take_out(const Call& call, const StoredMessage& message, const Rows& in_place) {
  const Node& node = message.node;
  const Fmid home = MAPISTORE_TRY(index_.home(node));
  const Place from = MAPISTORE_TRY(place_for_writing(call, home));
  FolderTraffic::Change change{from.context->traffic(), home};
  // Whoever removes a message removes it whatever it has become.
  if (auto removed = from.medium->remove(call, from.path, {.key = message.ref.key, .change = {}, .state_change = {}});
      !removed && removed.error().code != Errc::not_found)
    return removed;
  change.wrote(message.ref.key);
  if (remote_) bodies_->forget(message);
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  MAPISTORE_CHECK(writer->erase(node.fmid));
  MAPISTORE_CHECK(writer->touch_folder(node.parent));
  if (in_place) MAPISTORE_CHECK(in_place(*writer));
  return writer->commit();
}

Result<std::size_t> Store::purge_trash(const Call& call, LiveContext& context, Time limit) {
  const auto trash = context.trash(call);
  if (!trash) return trash.error().code == Errc::unsupported ? Result<std::size_t>{0} : std::unexpected(trash.error());
  std::vector<Node> old;
  std::vector<Fmid> folders{*trash};
  for (std::size_t at = 0; at < folders.size(); ++at) {
    MAPISTORE_CHECK(context.ensure_listed(call, folders[at]));
    MAPISTORE_CHECK(index_.list(folders[at], Fmid{}, [&](const Node& node) {
      if (node.kind == NodeKind::folder && node.context == context.row().id) folders.push_back(node.fmid);
      if (node.kind == NodeKind::message && node.changed < limit) old.push_back(node);
      return true;
    }));
  }
  std::size_t purged = 0;
  for (const Node& node : old) {
    const auto use = MAPISTORE_TRY(context.use(call));
    const auto claim = MAPISTORE_TRY(claims_.claim(call, node.fmid));
    const auto now = index_.message(node.fmid);
    if (!now || now->node.parent != node.parent || now->node.changed != node.changed) continue;
    MAPISTORE_CHECK(take_out(call, *now));
    observer_.vanished(node.parent, node.fmid, now->node.name);
    ++purged;
  }
  return purged;
}

Result<> Store::remove(const Call& call, const Node& node, const Rows& in_place) {
  const auto use = MAPISTORE_TRY(this->use(call, node.context));
  const auto claim = MAPISTORE_TRY(claims_.claim(call, node.fmid));
  const StoredMessage message = MAPISTORE_TRY(index_.message(node.fmid));
  // Who had it before has removed it: from the trash, where it may be now, it is not to go as well.
  if (message.node.parent != node.parent) return fail(Errc::not_found, node.name, "was removed just now");
  const Fmid home = MAPISTORE_TRY(index_.home(message.node));
  const Place from = MAPISTORE_TRY(place_for_writing(call, home));
  const auto trash = from.context->trash(call);
  const bool for_good = policy_.purge || from.context->settings().purge || !trash;
  if (for_good || MAPISTORE_TRY(index_.folder_facts(home))->top == *trash || home == *trash)
    return take_out(call, message, in_place);
  auto moved = move_in_medium(call, from, message, {*trash, index_.free_name(*trash, node.name), {}, true, in_place});
  // What others removed already is removed; what the trash cannot take stays, and says why.
  if (!moved && moved.error().code == Errc::not_found) return take_out(call, message, in_place);
  if (!moved && (moved.error().code == Errc::no_space || moved.error().code == Errc::quota_exceeded))
    return fail(moved.error().code, node.name, "has no room in the trash: " + moved.error().to_string(),
                "purge the trash (mapistorectl trash purge), or remove for good (delete=purge)");
  MAPISTORE_CHECK(moved);
  return from.context->look_for_trash(call, *trash);
}

Result<> Store::move_in_medium(const Call& call, const Place& from, const StoredMessage& message,
                               const Destination& destination) {
  const auto& [to, name, target, beside, in_place] = destination;
  const Fmid home = MAPISTORE_TRY(index_.home(message.node));
  const Place into = MAPISTORE_TRY(place_for_writing(call, to));
  Moving* moving = from.medium->ability<Moving>();
  if (from.medium != into.medium || moving == nullptr)
    return fail(Errc::other_medium, message.node.name, "cannot be moved inside the medium");
  std::optional<StoredMessage> replaced;
  if (target) replaced = MAPISTORE_TRY(index_.message(target->fmid));

  FolderTraffic::Change arriving{into.context->traffic(), to};
  FolderTraffic::Change leaving{from.context->traffic(), home};
  const Entry entry = MAPISTORE_TRY(
      moving->move(call, from.path, message.ref, into.path, name, replaced ? &replaced->ref : nullptr));
  arriving.wrote(entry.key);
  if (replaced) arriving.wrote(replaced->ref.key);
  leaving.wrote(message.ref.key);
  const Fmid fmid = message.node.fmid;
  const Profile& profile = into.medium->profile();
  const std::string_view wanted = profile.names_on_medium && !entry.name.empty() ? std::string_view{entry.name} : name;
  const auto rows = [&](IndexWriter& writer) -> Result<> {
    const std::string listed = beside ? MAPISTORE_TRY(writer.free_name_for(fmid, to, wanted)) : std::string(name);
    MAPISTORE_CHECK(writer.move(fmid, to, listed, entry.key));
    MAPISTORE_CHECK(writer.set_state(fmid, entry, profile.keeps_state ? entry.state : message.state));
    return in_place ? in_place(writer) : Result<>{};
  };
  const auto undo = [&](const Call& waiting) -> Result<> {
    // What it has taken the place of does not come back: then it had better stay there.
    if (replaced) return {};
    const MessageRef moved{entry.key, entry.change, entry.state_change};
    auto back = moving->move(waiting, into.path, moved, from.path, message.node.name, nullptr);
    return back ? Result<>{} : std::unexpected(std::move(back).error());
  };
  MAPISTORE_CHECK(enter(into, rows, undo));
  if (profile.remote) bodies_->moved(message, entry);
  return {};
}

Result<> Store::move_message(const Call& call, const Node& node, Fmid parent, std::string_view name,
                             const std::optional<Node>& target) {
  const auto leaving = MAPISTORE_TRY(use(call, node.context));
  const auto arriving = MAPISTORE_TRY(use_of(call, parent));
  return with_free_name(call, *copier_, parent, [&] { return move_once(call, node, parent, name, target); });
}

Result<> Store::move_once(const Call& call, const Node& node, Fmid parent, std::string_view name,
                          const std::optional<Node>& target) {
  if (target) MAPISTORE_CHECK(bring_home(call, target->fmid));
  const auto claim = MAPISTORE_TRY(claims_.claim(call, node.fmid));
  StoredMessage message = MAPISTORE_TRY(index_.message(node.fmid));
  if (message.node.context != MAPISTORE_TRY(index_.folder_facts(parent))->context)
    return copier_->move(call, message, parent, name, target);
  const MessageKind named = kind_of_name(name);
  if (named != kind_of_name(message.node.name) && MAPISTORE_TRY(holds(call, message.node.context, named))) {
    // The medium has to take it as what it is from now on. Programs write a message's next version under a name that
    // makes it a document, and put it in its place: it stays read or unread.
    if (target) message.state = MAPISTORE_TRY(index_.message(target->fmid)).state;
    return copier_->move(call, message, parent, name, target);
  }
  const Fmid home = MAPISTORE_TRY(index_.home(message.node));
  const Place from = MAPISTORE_TRY(place_for_writing(call, home));
  if (home != parent || from.medium->profile().names_on_medium)
    return move_in_medium(call, from, message, {parent, name, target, false, {}});
  std::optional<StoredMessage> replaced;
  if (target) replaced = MAPISTORE_TRY(index_.message(target->fmid));
  const FolderTraffic::Change change{from.context->traffic(), parent};
  {
    auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
    MAPISTORE_CHECK(writer->move(node.fmid, parent, name, message.ref.key));
    // Whatever fails or ends from here on, the name is the other's: what it gave way to goes, now or later.
    if (replaced) MAPISTORE_CHECK(writer->add_removal({parent, replaced->ref, from.context->row().id}));
    MAPISTORE_CHECK(writer->commit());
  }
  if (replaced) copier_->wake();
  return {};
}

Result<> Store::move_folder(const Call& call, const Node& folder, Fmid parent, std::string_view name) {
  if (folder.context != MAPISTORE_TRY(index_.folder_facts(parent))->context) {
    const auto limit = MAPISTORE_TRY(context(folder.context))->settings().deadline;
    MAPISTORE_CHECK(mover_->move(within(call, limit), folder, parent, name));
    if (!policy_.wait_for_moves) return {};
    auto finished =
        mover_->finish({.deadline = std::chrono::steady_clock::time_point::max(), .stop = call.stop}, folder.fmid);
    // Who is told of a failure does not take it for moved, but it is.
    if (!finished) tell_moved(folder, parent, name);
    return finished;
  }
  const auto use = MAPISTORE_TRY(this->use(call, folder.context));
  if (MAPISTORE_TRY(index_.folder_facts(folder.fmid))->special)
    return fail(Errc::not_permitted, folder.name, "is a special folder", "it keeps its place and name");
  const Place from = MAPISTORE_TRY(place_for_writing(call, folder.fmid));
  const Place into = MAPISTORE_TRY(place_for_writing(call, parent));
  if (is_within(into.path, from.path)) return fail(Errc::invalid_argument, name, "lies inside the folder itself");
  const Key old_key = MAPISTORE_TRY(index_.message(folder.fmid)).ref.key;
  FolderTraffic::Change arriving{into.context->traffic(), parent};
  FolderTraffic::Change leaving{from.context->traffic(), folder.parent};
  const FolderTraffic::Change moving{into.context->traffic(), FolderTraffic::all_places};
  const FolderEntry entry = MAPISTORE_TRY(from.medium->rename_folder(call, from.path, into.path, name));
  arriving.wrote(entry.key);
  leaving.wrote(old_key);
  const auto rows = [&](IndexWriter& writer) -> Result<> {
    MAPISTORE_CHECK(writer.move(folder.fmid, parent, name, entry.key));
    return writer.set_display_name(folder.fmid, entry.display_name);
  };
  const auto undo = [&](const Call& waiting) -> Result<> {
    FolderPath moved = into.path, old_parent = from.path;
    moved.push_back(entry.key);
    old_parent.pop_back();
    auto back = from.medium->rename_folder(waiting, moved, old_parent, folder.name);
    return back ? Result<>{} : std::unexpected(std::move(back).error());
  };
  return enter(into, rows, undo);
}

Result<> Store::settle_folder(const Call& call, Fmid folder) {
  MAPISTORE_CHECK(mover_->finish(call, folder));
  const auto use = MAPISTORE_TRY(use_of(call, folder));
  return make_durable_at(call, MAPISTORE_TRY(place(call, folder)));
}

Result<> Store::make_durable_at(const Call& call, const Place& at) {
  Durability* durability = at.medium->ability<Durability>();
  return durability != nullptr ? durability->make_durable(within(call, at.context->settings().deadline)) : Result<>{};
}

Result<> Store::make_durable(const Call& call, const Node& message) {
  if (is_remote(message.context)) return {};
  const auto bytes = MAPISTORE_TRY(open(call, message.fmid));
  if (bytes->descriptor() < 0) {
    const auto use = MAPISTORE_TRY(this->use(call, message.context));
    return make_durable_at(call, MAPISTORE_TRY(place(call, MAPISTORE_TRY(index_.home(message)))));
  }
  if (::fsync(bytes->descriptor()) != 0) return std::unexpected(system_error(errno, message.name));
  return {};
}

Result<> Store::bring_home(const Call& call, Fmid fmid) {
  const auto is_away = [&](const Result<StoredMessage>& message) {
    if (!message || message->node.kind != NodeKind::message) return false;
    const auto folder = index_.folder_facts(message->node.parent);
    return folder && (*folder)->context != message->node.context;
  };
  const auto away = index_.message(fmid);
  if (!is_away(away)) return {};
  const auto leaving = MAPISTORE_TRY(use(call, away->node.context));
  const auto arriving = MAPISTORE_TRY(use_of(call, away->node.parent));
  const auto claim = MAPISTORE_TRY(claims_.claim(call, fmid));
  const auto message = index_.message(fmid);
  if (!is_away(message)) return {};
  const Node& node = message->node;
  return with_free_name(call, *copier_, node.parent,
                        [&] { return copier_->move(call, *message, node.parent, node.name, {}); });
}

Result<> Store::make_folder(const Call& call, Fmid parent, std::string_view name, std::uint32_t mode) {
  MAPISTORE_CHECK(mover_->finish_leaving(call, parent, name));
  const auto use = MAPISTORE_TRY(use_of(call, parent));
  const Place into = MAPISTORE_TRY(place_for_writing(call, parent));
  FolderTraffic::Change change{into.context->traffic(), parent};
  const FolderEntry entry = MAPISTORE_TRY(into.medium->create_folder(call, into.path, name));
  change.wrote(entry.key);
  const auto rows = [&](IndexWriter& writer) -> Result<> {
    MAPISTORE_CHECK(writer.add_folder(into.context->row().id, parent, name, entry, mode));
    return {};
  };
  const auto undo = [&](const Call& waiting) {
    FolderPath made = into.path;
    made.push_back(entry.key);
    return into.medium->remove_folder(waiting, made);
  };
  return enter(into, rows, undo);
}

Result<> Store::remove_folder(const Call& call, const Node& folder) {
  const auto use = MAPISTORE_TRY(this->use(call, folder.context));
  if (MAPISTORE_TRY(index_.folder_facts(folder.fmid))->special)
    return fail(Errc::not_permitted, folder.name, "is a special folder");
  const Place at = MAPISTORE_TRY(place_for_writing(call, folder.fmid));
  MAPISTORE_CHECK(at.context->ensure_listed(call, folder.fmid));
  if (MAPISTORE_TRY(index_.has_children(folder.fmid))) return fail(Errc::not_empty, folder.name, "is not empty");
  MAPISTORE_CHECK(mover_->finish(call, folder.fmid));
  MAPISTORE_CHECK(copier_->clear(call, folder.fmid));
  FolderTraffic::Change change{at.context->traffic(), folder.parent};
  if (auto removed = at.medium->remove_folder(call, at.path); !removed && removed.error().code != Errc::not_found)
    return removed;
  change.wrote(at.path.back());
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  MAPISTORE_CHECK(writer->erase(folder.fmid));
  MAPISTORE_CHECK(writer->touch_folder(folder.parent));
  return writer->commit();
}

Result<> Store::change_state(const Call& call, Fmid fmid, const StateChange& change, const SideProperties* side) {
  const auto use = MAPISTORE_TRY(this->use(call, MAPISTORE_TRY(index_.node(fmid)).context));
  const auto claim = MAPISTORE_TRY(claims_.claim(call, fmid));
  const StoredMessage message = MAPISTORE_TRY(index_.message(fmid));
  const Fmid home = MAPISTORE_TRY(index_.home(message.node));
  const Place at = MAPISTORE_TRY(place_for_writing(call, home));
  const bool same_state = !change.state || *change.state == message.state;
  const bool same_time = !change.received || *change.received == message.node.modified;
  if (same_state && same_time && side == nullptr) return {};

  const Profile& profile = at.medium->profile();
  StateChange for_medium = change;
  if (!profile.keeps_state) for_medium.state.reset();
  if (!profile.keeps_received) for_medium.received.reset();
  Entry entry;
  State state = change.state.value_or(message.state);
  FolderTraffic::Change traffic{at.context->traffic(), home};
  if (profile.keeps_properties && side != nullptr) for_medium.properties = *side;
  if ((for_medium.state && !same_state) || (for_medium.received && !same_time) || for_medium.properties) {
    entry = MAPISTORE_TRY(at.medium->set_state(call, at.path, message.ref, for_medium));
    traffic.wrote(message.ref.key);
    traffic.wrote(entry.key);
    // With what others have set meanwhile.
    if (profile.keeps_state && !is_same_but_for_order(state, entry.state)) state = entry.state;
  } else {
    entry.key = message.ref.key;
    entry.change = message.ref.change;
    entry.state_change = message.ref.state_change;
    entry.received = message.node.modified;
  }
  // What the medium cannot hold stays in the index.
  if (change.received) entry.received = *change.received;
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  MAPISTORE_CHECK(writer->set_state(fmid, entry, state));
  if (side != nullptr) MAPISTORE_CHECK(writer->set_side_properties(fmid, *side));
  return writer->commit();
}

}  // namespace mapistore
