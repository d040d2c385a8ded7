// What is there: listings, single entries, bytes.

#include <mapistore/summarize.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "backends/maildir/context.h"
#include "backends/maildir/folder_name.h"

namespace mapistore::maildir {
namespace {

constexpr std::uint64_t head_size = 16 * 1024;  // holds the headers of all but the strangest messages

/// The bytes of a file never change in a Maildir, but its times and name do.
ChangeKey change_of(const posix::FileFacts& facts) {
  return {std::to_string(facts.size) + '.' + std::to_string(facts.inode)};
}

Role role_of(const FolderPath& folder) {
  if (folder.size() != 1) return Role::none;
  const std::string& name = folder.front().bytes;
  if (name == "Drafts") return Role::drafts;
  if (name == "Sent") return Role::sent;
  if (name == "Outbox") return Role::outbox;
  if (name == "Trash") return Role::trash;
  return Role::none;
}

}  // namespace

Result<std::vector<FolderPath>> MaildirContext::list_folders(const Call& call) const {
  std::set<FolderPath> folders;
  for (const posix::DirectoryItem& item : MAPISTORE_TRY(root_.list(call))) {
    auto folder = folder_of(item.name);
    if (!folder || !item.maybe_directory) continue;
    const auto directory = root_.enter(item.name);
    if (directory && directory->facts("cur")) folders.insert(*std::move(folder));
  }
  return std::vector<FolderPath>{folders.begin(), folders.end()};
}

FolderEntry MaildirContext::folder_entry(const FolderPath& folder) const {
  FolderEntry entry;
  entry.key = folder.back();
  entry.display_name = decode_folder_name(entry.key.bytes);
  entry.role = role_of(folder);
  entry.special = folder == trash();
  if (const auto facts = root_.facts(*directory_of(folder))) {
    entry.identity = facts->identity();
    entry.modified = facts->modified;
  }
  return entry;
}

Result<> MaildirContext::report_folders(const Call& call, const FolderPath& parent, ChangeSink& sink) const {
  std::set<FolderPath> children;
  for (const FolderPath& folder : MAPISTORE_TRY(list_folders(call)))
    if (folder.size() > parent.size() && is_within(folder, parent))
      children.insert({folder.begin(), folder.begin() + static_cast<std::ptrdiff_t>(parent.size()) + 1});
  for (const FolderPath& child : children) MAPISTORE_CHECK(sink.folder(folder_entry(child)));
  if (children.empty() && !parent.empty() && parent != trash()) MAPISTORE_CHECK(open_folder(parent));
  return {};
}

Result<> MaildirContext::report_message(const Call& call, const MailFolder& folder, const StateFiles& states,
                                        const Place& listed, ChangeSink& sink) const {
  Place place = listed;
  auto facts = folder.of(place).facts(place.name.text());
  if (!facts && facts.error().code == Errc::not_found) {  // its flags changed since we listed it, or it is gone
    auto found = folder.find(call, place.name.base, {});
    if (!found) return {};
    place = *std::move(found);
    facts = folder.of(place).facts(place.name.text());
  }
  if (!facts || !facts->is_file()) return {};
  const ChangeKey state_file = MAPISTORE_TRY(states.validator(place.name.base));
  const ChangeKey state_change = state_change_of(place, facts->modified, state_file);
  if (sink.known(Key{place.name.base}, change_of(*facts), state_change)) return {};
  auto entry = message_entry(folder, states, place, *facts);
  if (!entry && entry.error().code == Errc::not_found) return {};
  if (!entry) return std::unexpected(std::move(entry).error());
  return sink.message(*std::move(entry));
}

Result<Listing> MaildirContext::changes(const Call& call, const FolderPath& path, const Cursor&, ChangeSink& sink) {
  MAPISTORE_CHECK(call.check());
  MAPISTORE_CHECK(report_folders(call, path, sink));
  const auto folder = open_folder(path);
  if (!folder && folder.error().code == Errc::not_found && !path.empty()) return Listing{};  // only a parent of others
  if (!folder) return std::unexpected(folder.error());
  const auto states = MAPISTORE_TRY(folder->states());
  std::size_t count = 0;
  for (const Place& place : MAPISTORE_TRY(folder->list(call))) {
    if (count++ % 64 == 0) MAPISTORE_CHECK(call.check());
    MAPISTORE_CHECK(report_message(call, *folder, states, place, sink));
  }
  return Listing{};
}

Result<Entry> MaildirContext::message_entry(const MailFolder& folder, const StateFiles& states, const Place& place,
                                            const posix::FileFacts& facts) const {
  const std::string name = place.name.text();
  Entry entry;
  entry.key.bytes = place.name.base;
  entry.change = change_of(facts);
  entry.identity = facts.identity();
  entry.size = facts.size;
  entry.received = facts.modified;
  entry.state = state_of(place.name.flags);
  auto stored = states.read(place.name.base);
  if (stored) {
    entry.state.importance = stored->state.importance;
    entry.state.categories = std::move(stored->state.categories);
    entry.properties = std::move(stored->properties);
  } else {
    host_.log(LogLevel::warning, stored.error().object, stored.error().what);
  }
  const ChangeKey state_file = MAPISTORE_TRY(states.validator(place.name.base));
  entry.state_change = state_change_of(place, facts.modified, state_file);
  const auto fd = folder.of(place).open_file(name);
  if (!fd && fd.error().code != Errc::access_denied) return std::unexpected(fd.error());
  std::string head;
  if (fd) head = MAPISTORE_TRY(posix::read_head(fd->get(), std::min(head_size, facts.size), name));
  entry.summary = summarize(MessageKind::mail, {}, head);
  return entry;
}

Result<Entry> MaildirContext::entry_at(const MailFolder& folder, const Place& place) const {
  const auto facts = MAPISTORE_TRY(folder.of(place).facts(place.name.text()));
  const auto states = MAPISTORE_TRY(folder.states());
  return message_entry(folder, states, place, facts);
}

Result<Entry> MaildirContext::inspect(const Call& call, const FolderPath& path, const Key& key) {
  MAPISTORE_CHECK(call.check());
  const auto folder = MAPISTORE_TRY(open_folder(path));
  {
    const std::lock_guard lock{burst_mutex_};
    if (const auto seen = burst_.find({path, key}); seen != burst_.end()) {
      const auto& [noted, flags] = seen->second;
      auto place = noted ? noted : folder.find_at_once(key.bytes, {});
      // It may have come back since, as what its next events will tell.
      if (!place) place = folder.find_with_any_flags(key.bytes, flags);
      if (!place) return folder.directory().failure(ENOENT, key.bytes);
      if (auto entry = entry_at(folder, *place)) return entry;
    }
  }
  return entry_at(folder, MAPISTORE_TRY(folder.find(call, key.bytes, {})));
}

Result<std::unique_ptr<Body>> MaildirContext::open(const Call& call, const FolderPath& path,
                                                   const MessageRef& message) {
  MAPISTORE_CHECK(call.check());
  const auto folder = MAPISTORE_TRY(open_folder(path));
  const Place place = MAPISTORE_TRY(folder.find(call, message.key.bytes, message.state_change));
  const std::string name = place.name.text();
  posix::UniqueFd fd = MAPISTORE_TRY(folder.of(place).open_file(name));
  const auto facts = MAPISTORE_TRY(posix::facts_of(fd.get(), name));
  return posix::file_body(std::move(fd), facts, change_of(facts), folder.of(place).path() + '/' + name);
}

}  // namespace mapistore::maildir
