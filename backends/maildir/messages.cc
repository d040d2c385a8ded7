// What changes messages: save, state, removal, moves and copies.

#include <cerrno>
#include <optional>

#include "backends/maildir/context.h"

namespace mapistore::maildir {
namespace {

/// The part of a state that flags cannot hold.
State beyond_flags(const State& state) {
  State rest;
  rest.importance = state.importance;
  rest.categories = state.categories;
  return rest;
}

/// Where a message of this state belongs: what nobody has touched is new.
Place place_of(std::string base, const State& state) {
  std::string flags = with_state({}, state);
  const bool is_new = flags.empty();
  return {is_new, {std::move(base), std::move(flags), !is_new}};
}

}  // namespace

Result<> MaildirContext::check_unchanged(const Call& call, const MailFolder& folder, const MessageRef& message) const {
  const auto place = folder.find(call, message.key.bytes, message.state_change);
  const auto entry = place ? entry_at(folder, *place) : Result<Entry>{std::unexpected(place.error())};
  if (!entry && entry.error().code != Errc::not_found) return std::unexpected(entry.error());
  if (entry && (message.change.bytes.empty() || entry->change == message.change)) return {};
  return fail(Errc::stale, folder.directory().path() + '/' + message.key.bytes, "was changed by another program");
}

Result<> MaildirContext::remove_from(const Call& call, const MailFolder& folder, const MessageRef& message) const {
  const Place place = MAPISTORE_TRY(folder.find(call, message.key.bytes, message.state_change));
  MAPISTORE_CHECK(folder.of(place).remove_file(place.name.text()));
  const auto states = MAPISTORE_TRY(folder.states());
  return states.remove(place.name.base);
}

Result<Place> MaildirContext::deliver(posix::NewFile& file, const MailFolder& folder, const State& state,
                                      const SideProperties& properties) const {
  const auto facts = MAPISTORE_TRY(file.facts());
  Place place = place_of(unique_base(host_.now(), facts.size), state);
  auto states = MAPISTORE_TRY(folder.states());
  auto rest = MAPISTORE_TRY(states.prepare(
      place.name.base, {.state = beyond_flags(state), .received = {}, .properties = properties}, facts.identity()));
  MAPISTORE_CHECK(file.publish(folder.of(place), place.name.text(), false));
  if (auto committed = rest.commit(); !committed) {
    (void)folder.of(place).remove_file(place.name.text());
    return std::unexpected(std::move(committed).error());
  }
  return place;
}

Result<Entry> MaildirContext::save(const Call& call, const FolderPath& path, const Draft& draft,
                                   const MessageRef* replaces) {
  if (draft.summary.kind != MessageKind::mail)
    return fail(Errc::unsupported, draft.name, "a Maildir holds mail only",
                "keep it in a top folder of another kind, such as file://");
  const auto folder = MAPISTORE_TRY(open_target(path));
  auto file = MAPISTORE_TRY(posix::NewFile::create(folder.arriving()));
  MAPISTORE_CHECK(file.copy_from(call, *draft.body));
  if (draft.received) MAPISTORE_CHECK(file.set_modified(*draft.received));
  std::unique_lock lock{commit_, std::defer_lock};
  if (replaces) {
    lock.lock();
    MAPISTORE_CHECK(check_unchanged(call, folder, *replaces));
    MAPISTORE_CHECK(file.make_durable());
  }
  const Place place = MAPISTORE_TRY(deliver(file, folder, draft.state, draft.properties));
  if (replaces) MAPISTORE_CHECK(remove_from(call, folder, *replaces));
  return entry_at(folder, place);
}

Result<Entry> MaildirContext::set_state(const Call& call, const FolderPath& path, const MessageRef& message,
                                        const StateChange& change) {
  MAPISTORE_CHECK(call.check());
  const auto folder = MAPISTORE_TRY(open_target(path));
  const std::lock_guard lock{commit_};
  Place place = MAPISTORE_TRY(folder.find(call, message.key.bytes, message.state_change));
  const std::string old_name = place.name.text();
  const posix::Directory& old_directory = folder.of(place);
  auto states = MAPISTORE_TRY(folder.states());
  std::optional<StateFiles::Pending> rest;
  if (change.state || change.properties) {
    const auto facts = MAPISTORE_TRY(old_directory.facts(old_name));
    StateChange beyond = change;
    if (beyond.state) beyond.state = beyond_flags(*beyond.state);
    rest = MAPISTORE_TRY(states.prepare(place.name.base, beyond, facts.identity()));
  }
  if (change.received) MAPISTORE_CHECK(old_directory.set_modified(old_name, *change.received));
  if (change.state) {
    std::string flags = with_state(place.name.flags, *change.state);
    const bool stays_new = place.is_new && flags.empty();
    if (!stays_new) place = {false, {place.name.base, std::move(flags), true}};
    const std::string name = place.name.text();
    if (&folder.of(place) != &old_directory || name != old_name)
      MAPISTORE_CHECK(old_directory.rename(old_name, folder.of(place), name, false));
  }
  if (rest) MAPISTORE_CHECK(rest->commit());
  return entry_at(folder, place);
}

Result<> MaildirContext::remove(const Call& call, const FolderPath& path, const MessageRef& message) {
  MAPISTORE_CHECK(call.check());
  const auto folder = MAPISTORE_TRY(open_target(path));
  const std::lock_guard lock{commit_};
  MAPISTORE_CHECK(folder.find(call, message.key.bytes, message.state_change));
  MAPISTORE_CHECK(check_unchanged(call, folder, message));
  return remove_from(call, folder, message);
}

Result<Entry> MaildirContext::move(const Call& call, const FolderPath& from, const MessageRef& message,
                                   const FolderPath& to, std::string_view, const MessageRef* replaces) {
  MAPISTORE_CHECK(call.check());
  const auto source = MAPISTORE_TRY(open_target(from));
  const auto target = MAPISTORE_TRY(open_target(to));
  const std::lock_guard lock{commit_};
  Place place = MAPISTORE_TRY(source.find(call, message.key.bytes, message.state_change));
  if (replaces) MAPISTORE_CHECK(check_unchanged(call, target, *replaces));
  if (from != to) {
    const std::string base = place.name.base;
    const std::string old_name = place.name.text();
    const auto facts = MAPISTORE_TRY(source.of(place).facts(old_name));
    if (target.find_at_once(base, message.state_change)) place.name.base = unique_base(host_.now(), facts.size);
    const auto source_states = MAPISTORE_TRY(source.states());
    auto target_states = MAPISTORE_TRY(target.states());
    auto state = MAPISTORE_TRY(target_states.prepare(source_states, base, place.name.base));
    MAPISTORE_CHECK(source.of(place).rename(old_name, target.of(place), place.name.text(), false));
    if (auto committed = state.commit(); !committed) {
      (void)target.of(place).rename(place.name.text(), source.of(place), old_name, false);
      return std::unexpected(std::move(committed).error());
    }
    MAPISTORE_CHECK(source_states.remove(base));
  }
  if (replaces && !(from == to && replaces->key == message.key)) MAPISTORE_CHECK(remove_from(call, target, *replaces));
  return entry_at(target, place);
}

Result<Entry> MaildirContext::copy(const Call& call, const FolderPath& from, const MessageRef& message,
                                   const FolderPath& to, std::string_view) {
  MAPISTORE_CHECK(call.check());
  const auto source = MAPISTORE_TRY(open_folder(from));
  const auto target = MAPISTORE_TRY(open_target(to));
  const auto entry =
      MAPISTORE_TRY(entry_at(source, MAPISTORE_TRY(source.find(call, message.key.bytes, message.state_change))));
  const auto body = MAPISTORE_TRY(open(call, from, message));
  auto file = MAPISTORE_TRY(posix::NewFile::create(target.arriving()));
  MAPISTORE_CHECK(file.copy_from(call, *body));
  MAPISTORE_CHECK(file.set_modified(entry.received));
  return entry_at(target, MAPISTORE_TRY(deliver(file, target, entry.state, entry.properties)));
}

}  // namespace mapistore::maildir
