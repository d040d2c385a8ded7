// What changes messages: save, state, removal, moves and copies.

#include <cerrno>

#include "backends/file/context.h"

namespace mapistore::file {
namespace {

Result<> check_name(const posix::Directory& directory, const std::string& name) {
  if (!name.empty() && !is_hidden(name)) return {};
  return fail(Errc::invalid_argument, directory.path() + '/' + name, "cannot be a message's file name",
              "a name must have a character and not begin with a dot");
}

Result<posix::FileFacts> message_facts(const posix::Directory& directory, const std::string& name) {
  if (is_hidden(name)) return directory.failure(ENOENT, name);
  auto facts = directory.facts(name);
  if (facts && !facts->is_file()) return directory.failure(ENOENT, name);
  return facts;
}

/// The state must not stay behind unseen: takes back the message that was just published without it.
std::unexpected<Error> take_back(const posix::Directory& directory, const std::string& name, Error error) {
  (void)directory.remove_file(name);
  return std::unexpected(std::move(error));
}

}  // namespace

Result<> FileContext::check_unchanged(const posix::Directory& directory, const MessageRef& message) const {
  const std::string& name = message.key.bytes;
  const auto facts = message_facts(directory, name);
  if (facts && (message.change.bytes.empty() || facts->version() == message.change.bytes)) return {};
  if (!facts && facts.error().code != Errc::not_found) return std::unexpected(facts.error());
  return fail(Errc::stale, directory.path() + '/' + name, "was changed by another program");
}

Result<> FileContext::publish(posix::NewFile& file, const posix::Directory& directory, const std::string& name,
                              const MessageRef* replaces) {
  if (!replaces) return file.publish(directory, name, false);
  MAPISTORE_CHECK(check_unchanged(directory, *replaces));
  const std::string& old_name = replaces->key.bytes;
  const auto old = MAPISTORE_TRY(directory.facts(old_name));
  MAPISTORE_CHECK(file.set_permissions(old.mode));
  MAPISTORE_CHECK(file.make_durable());
  MAPISTORE_CHECK(file.publish(directory, name, old_name == name));
  if (old_name != name) MAPISTORE_CHECK(directory.remove_file(old_name));
  return {};
}

Result<Entry> FileContext::save(const Call& call, const FolderPath& folder, const Draft& draft,
                                const MessageRef* replaces) {
  const auto directory = MAPISTORE_TRY(open_target(folder));
  MAPISTORE_CHECK(check_name(directory, draft.name));
  auto file = MAPISTORE_TRY(posix::NewFile::create(directory));
  MAPISTORE_CHECK(file.copy_from(call, *draft.body));
  if (draft.received) MAPISTORE_CHECK(file.set_modified(*draft.received));
  const std::string identity = MAPISTORE_TRY(file.facts()).identity();

  std::unique_lock lock{commit_, std::defer_lock};
  if (replaces) lock.lock();
  auto states = MAPISTORE_TRY(StateFiles::open(directory, state_directory));
  auto state = MAPISTORE_TRY(
      states.prepare(draft.name, {.state = draft.state, .received = {}, .properties = draft.properties}, identity));
  MAPISTORE_CHECK(publish(file, directory, draft.name, replaces));
  if (auto committed = state.commit(); !committed) {
    if (!replaces) return take_back(directory, draft.name, std::move(committed).error());
    return std::unexpected(std::move(committed).error());
  }
  if (replaces && replaces->key.bytes != draft.name) MAPISTORE_CHECK(states.remove(replaces->key.bytes));
  return inspect_in(directory, draft.name);
}

Result<Entry> FileContext::set_state(const Call& call, const FolderPath& folder, const MessageRef& message,
                                     const StateChange& change) {
  MAPISTORE_CHECK(call.check());
  const auto directory = MAPISTORE_TRY(open_target(folder));
  const std::string& name = message.key.bytes;
  const std::lock_guard lock{commit_};
  const auto facts = MAPISTORE_TRY(message_facts(directory, name));
  auto states = MAPISTORE_TRY(StateFiles::open(directory, state_directory));
  std::optional<StateFiles::Pending> state;
  if (change.state || change.properties) state = MAPISTORE_TRY(states.prepare(name, change, facts.identity()));
  if (change.received) MAPISTORE_CHECK(directory.set_modified(name, *change.received));
  if (state) MAPISTORE_CHECK(state->commit());
  return inspect_in(directory, name);
}

Result<> FileContext::remove(const Call& call, const FolderPath& folder, const MessageRef& message) {
  MAPISTORE_CHECK(call.check());
  const auto directory = MAPISTORE_TRY(open_target(folder));
  const std::lock_guard lock{commit_};
  MAPISTORE_CHECK(message_facts(directory, message.key.bytes));
  MAPISTORE_CHECK(check_unchanged(directory, message));
  MAPISTORE_CHECK(directory.remove_file(message.key.bytes));
  return MAPISTORE_TRY(StateFiles::open(directory, state_directory)).remove(message.key.bytes);
}

std::string FileContext::free_name(const posix::Directory& directory, std::string_view wanted) const {
  constexpr std::size_t longest = 240;  // leaves room for the number
  const std::size_t dot = std::min(wanted.rfind('.'), wanted.size());
  const std::string_view extension = wanted.substr(dot).size() > 16 ? std::string_view{} : wanted.substr(dot);
  const std::string_view stem = wanted.substr(0, std::min(wanted.size(), longest) - extension.size());
  std::string name{wanted};
  for (int number = 2; directory.facts(name); ++number)
    name = std::string(stem) + '~' + std::to_string(number) + std::string(extension);
  return name;
}

Result<Entry> FileContext::move(const Call& call, const FolderPath& from, const MessageRef& message,
                                const FolderPath& to, std::string_view name, const MessageRef* replaces) {
  MAPISTORE_CHECK(call.check());
  const auto source = MAPISTORE_TRY(open_target(from));
  const auto target = MAPISTORE_TRY(open_target(to));
  const std::string& old_name = message.key.bytes;
  const std::lock_guard lock{commit_};
  MAPISTORE_CHECK(message_facts(source, old_name));
  if (from == to && name == old_name) return inspect_in(source, old_name);
  const std::string new_name = to == trash() ? free_name(target, name) : std::string(name);
  MAPISTORE_CHECK(check_name(target, new_name));
  if (replaces) MAPISTORE_CHECK(check_unchanged(target, *replaces));
  const auto source_states = MAPISTORE_TRY(StateFiles::open(source, state_directory));
  auto target_states = MAPISTORE_TRY(StateFiles::open(target, state_directory));
  auto state = MAPISTORE_TRY(target_states.prepare(source_states, old_name, new_name));
  const bool over = replaces && replaces->key.bytes == new_name;
  MAPISTORE_CHECK(source.rename(old_name, target, new_name, over));
  if (auto committed = state.commit(); !committed) {
    if (!over) (void)target.rename(new_name, source, old_name, false);
    return std::unexpected(std::move(committed).error());
  }
  MAPISTORE_CHECK(source_states.remove(old_name));
  if (replaces && !over) {
    MAPISTORE_CHECK(target.remove_file(replaces->key.bytes));
    MAPISTORE_CHECK(target_states.remove(replaces->key.bytes));
  }
  return inspect_in(target, new_name);
}

Result<Entry> FileContext::copy(const Call& call, const FolderPath& from, const MessageRef& message,
                                const FolderPath& to, std::string_view name) {
  MAPISTORE_CHECK(call.check());
  const auto source = MAPISTORE_TRY(open_folder(from));
  const auto target = MAPISTORE_TRY(open_target(to));
  const std::string& old_name = message.key.bytes;
  const std::string new_name = to == trash() ? free_name(target, name) : std::string(name);
  MAPISTORE_CHECK(check_name(target, new_name));
  const auto facts = MAPISTORE_TRY(message_facts(source, old_name));
  const auto body = MAPISTORE_TRY(open(call, from, message));
  auto file = MAPISTORE_TRY(posix::NewFile::create(target));
  MAPISTORE_CHECK(file.copy_from(call, *body));
  MAPISTORE_CHECK(file.set_modified(facts.modified));
  MAPISTORE_CHECK(file.set_permissions(facts.mode));

  const auto identity = MAPISTORE_TRY(file.facts()).identity();
  const auto source_states = MAPISTORE_TRY(StateFiles::open(source, state_directory));
  const auto stored = MAPISTORE_TRY(source_states.read(old_name));
  auto states = MAPISTORE_TRY(StateFiles::open(target, state_directory));
  auto state = MAPISTORE_TRY(
      states.prepare(new_name, {.state = stored.state, .received = {}, .properties = stored.properties}, identity));
  MAPISTORE_CHECK(file.publish(target, new_name, false));
  if (auto committed = state.commit(); !committed) return take_back(target, new_name, std::move(committed).error());
  return inspect_in(target, new_name);
}

}  // namespace mapistore::file
