#include "backends/memory/context.h"

#include <algorithm>
#include <charconv>

namespace mapistore::memory {
namespace {

constexpr std::size_t piece_size = 64 * 1024;  // of a body that is streamed

constexpr std::size_t most_events = 4096;  // a watcher that is further behind is told to look at everything

class MemoryBody final : public Body {
 public:
  MemoryBody(std::shared_ptr<const std::vector<std::byte>> bytes, ChangeKey change)
      : bytes_{std::move(bytes)}, change_{std::move(change)} {}

  const ChangeKey& change() const noexcept override { return change_; }
  std::uint64_t size() const noexcept override { return bytes_->size(); }

  Result<std::size_t> read_at(const Call& call, std::uint64_t offset, std::span<std::byte> out) override {
    MAPISTORE_CHECK(call.check());
    const auto rest = std::span(*bytes_).subspan(std::min<std::uint64_t>(offset, bytes_->size()));
    const auto part = rest.first(std::min(rest.size(), out.size()));
    std::ranges::copy(part, out.begin());
    return part.size();
  }

 private:
  std::shared_ptr<const std::vector<std::byte>> bytes_;
  ChangeKey change_;
};

/// "BORN:CLOCK". Zero if the cursor is of another tree: a daemon that ended took its trees with it.
std::uint64_t clock_of(const Cursor& cursor, std::string_view born) {
  const std::string_view text = cursor.bytes;
  const std::size_t colon = text.find(':');
  std::uint64_t clock = 0;
  if (colon != text.npos && text.substr(0, colon) == born)
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), clock);
  return clock;
}

FolderEntry folder_entry(const Key& key, const Folder& folder) {
  return {key, folder.display_name, std::to_string(folder.number), Role::none, false, folder.modified};
}

/// Opaque to the core; the name in it is for fault plans, which pick messages by pattern.
Key make_key(std::uint64_t number, std::string_view name) { return {std::to_string(number) + '.' + std::string(name)}; }

Result<std::vector<std::byte>> read_all(const Call& call, Body& body) {
  std::vector<std::byte> bytes;
  try {
    bytes.resize(body.size());
  } catch (const std::exception&) {  // as long as a sparse file says it is
    return fail(Errc::no_memory, {}, "is too large to be kept in memory");
  }
  const std::size_t count = MAPISTORE_TRY(body.read_at(call, 0, bytes));
  if (count != bytes.size()) return fail(Errc::corrupted, {}, "the source ended before the size it told");
  return bytes;
}

}  // namespace

MemoryContext::~MemoryContext() {
  const std::lock_guard lock{tree_->mutex};
  tree_->watchers.erase(this);
}

void* MemoryContext::query(AbilityId id) noexcept {
  switch (id) {
    case AbilityId::moving: return static_cast<Moving*>(this);
    case AbilityId::watching: return static_cast<Watching*>(this);
    case AbilityId::trashing: return static_cast<Trashing*>(this);
    case AbilityId::quota: return static_cast<Quota*>(this);
    case AbilityId::reading: return static_cast<Reading*>(this);
    case AbilityId::describing: return static_cast<Describing*>(this);
    case AbilityId::searching: break;   // the core reads them as fast
    case AbilityId::durability: break;  // memory survives no power cut
    case AbilityId::part_reading: break;
  }
  return nullptr;
}

Entry MemoryContext::entry_of(const Key& key, const Message& message) const {
  return {.key = key,
          .change = {std::to_string(message.bytes_changed)},
          .state_change = {std::to_string(message.changed)},
          .identity = std::to_string(message.number),
          .name = {},
          .size = message.bytes->size(),
          .size_trust = size_trust_,
          .received = message.received,
          .state = message.state,
          .summary = message.summary,
          .properties = message.properties};
}

Result<Folder*> MemoryContext::find(const FolderPath& path) const {
  Folder* folder = &tree_->root;
  for (const Key& key : path) {
    const auto child = folder->folders.find(key);
    if (child == folder->folders.end()) return fail(Errc::not_found, key.bytes, "no such folder");
    folder = child->second.get();
  }
  return folder;
}

Result<std::map<Key, Message>::iterator> MemoryContext::find(Folder& folder, const Key& key) const {
  const auto message = folder.messages.find(key);
  if (message == folder.messages.end()) return fail(Errc::not_found, key.bytes, "no such message");
  return message;
}

Result<> MemoryContext::check_room(std::uint64_t added, std::uint64_t freed) const {
  if (tree_->quota == 0 || tree_->bytes - freed + added <= tree_->quota) return {};
  return fail(Errc::quota_exceeded, {}, "the tree is full", "remove messages or open it with a larger ?quota=");
}

Result<> MemoryContext::check_free_name(const Folder& parent, std::string_view name) const {
  if (name.empty()) return fail(Errc::invalid_argument, parent.display_name, "a folder needs a name");
  const bool taken = std::ranges::any_of(parent.folders, [&](const auto& child) {
    return child.first != trash_key && child.second->display_name == name;
  });
  if (taken) return fail(Errc::exists, name, "there is a folder of this name");
  return {};
}

void MemoryContext::tell(const FolderPath& folder, const std::optional<Key>& message) {
  for (auto& [watcher, events] : tree_->watchers)
    if (events.size() <= most_events) events.push_back({folder, message});
  tree_->happened.notify_all();
}

void MemoryContext::erase(const FolderPath& path, Folder& folder, std::map<Key, Message>::iterator message) {
  const Key key = message->first;
  tree_->bytes -= message->second.bytes->size();
  folder.removed[key] = ++tree_->clock;
  folder.messages.erase(message);
  tell(path, key);
}

Result<Listing> MemoryContext::changes(const Call& call, const FolderPath& path, const Cursor& since,
                                       ChangeSink& sink) {
  MAPISTORE_CHECK(call.check());
  const std::uint64_t begin = clock_of(since, tree_->born);
  std::vector<Entry> messages;
  std::vector<FolderEntry> folders;
  std::vector<Key> removed;
  Listing listing{.next = {}, .complete = begin == 0};
  {
    const std::lock_guard lock{tree_->mutex};
    const Folder& folder = *MAPISTORE_TRY(find(path));
    for (const auto& [key, message] : folder.messages)
      if (message.changed > begin) messages.push_back(entry_of(key, message));
    for (const auto& [key, child] : folder.folders)
      if (key != trash_key && child->changed > begin) folders.push_back(folder_entry(key, *child));
    if (begin != 0)
      for (const auto& [key, clock] : folder.removed)
        if (clock > begin) removed.push_back(key);
    listing.next.bytes = tree_->born + ':' + std::to_string(tree_->clock);
  }
  for (const Key& key : removed) MAPISTORE_CHECK(sink.removed(key));
  for (FolderEntry& folder : folders) MAPISTORE_CHECK(sink.folder(std::move(folder)));
  for (Entry& entry : messages) {
    MAPISTORE_CHECK(call.check());
    if (!sink.known(entry.key, entry.change, entry.state_change)) MAPISTORE_CHECK(sink.message(std::move(entry)));
  }
  return listing;
}

Result<Entry> MemoryContext::inspect(const Call& call, const FolderPath& path, const Key& key) {
  MAPISTORE_CHECK(call.check());
  const std::lock_guard lock{tree_->mutex};
  Folder& folder = *MAPISTORE_TRY(find(path));
  const auto message = MAPISTORE_TRY(find(folder, key));
  return entry_of(key, message->second);
}

Result<std::unique_ptr<Body>> MemoryContext::open(const Call& call, const FolderPath& path, const MessageRef& ref) {
  MAPISTORE_CHECK(call.check());
  const std::lock_guard lock{tree_->mutex};
  Folder& folder = *MAPISTORE_TRY(find(path));
  const Message& message = MAPISTORE_TRY(find(folder, ref.key))->second;
  return std::make_unique<MemoryBody>(message.bytes, ChangeKey{std::to_string(message.bytes_changed)});
}

Result<Entry> MemoryContext::save(const Call& call, const FolderPath& path, const Draft& draft,
                                  const MessageRef* replaces) {
  auto bytes = std::make_shared<const std::vector<std::byte>>(MAPISTORE_TRY(read_all(call, *draft.body)));
  const std::lock_guard lock{tree_->mutex};
  Folder& folder = *MAPISTORE_TRY(find(path));
  const auto old = replaces ? folder.messages.find(replaces->key) : folder.messages.end();
  const bool is_there = old != folder.messages.end();
  if (replaces && !is_there) return fail(Errc::stale, replaces->key.bytes, "is gone");
  if (replaces && !replaces->change.bytes.empty() && entry_of(old->first, old->second).change != replaces->change)
    return fail(Errc::stale, replaces->key.bytes, "has changed");
  MAPISTORE_CHECK(check_room(bytes->size(), is_there ? old->second.bytes->size() : 0));

  const std::uint64_t now = ++tree_->clock;
  const Key key = is_there ? old->first : make_key(now, draft.name);
  tree_->bytes += bytes->size() - (is_there ? old->second.bytes->size() : 0);
  Message& message = folder.messages[key];
  const std::uint64_t number = is_there ? message.number : now;
  message = {number,        std::move(bytes), now, now, draft.received.value_or(host_.now()), draft.state,
             draft.summary, draft.properties};
  folder.removed.erase(key);
  tell(path, key);
  return entry_of(key, message);
}

Result<Entry> MemoryContext::set_state(const Call& call, const FolderPath& path, const MessageRef& ref,
                                       const StateChange& change) {
  MAPISTORE_CHECK(call.check());
  const std::lock_guard lock{tree_->mutex};
  Folder& folder = *MAPISTORE_TRY(find(path));
  Message& message = MAPISTORE_TRY(find(folder, ref.key))->second;
  if (change.state) message.state = *change.state;
  if (change.received) message.received = *change.received;
  if (change.properties) message.properties = *change.properties;
  message.changed = ++tree_->clock;
  tell(path, ref.key);
  return entry_of(ref.key, message);
}

Result<> MemoryContext::remove(const Call& call, const FolderPath& path, const MessageRef& ref) {
  MAPISTORE_CHECK(call.check());
  const std::lock_guard lock{tree_->mutex};
  Folder& folder = *MAPISTORE_TRY(find(path));
  const auto found = MAPISTORE_TRY(find(folder, ref.key));
  if (!ref.change.bytes.empty() && entry_of(found->first, found->second).change != ref.change)
    return fail(Errc::stale, ref.key.bytes, "is not what it was");
  erase(path, folder, found);
  return {};
}

Result<Entry> MemoryContext::move(const Call& call, const FolderPath& from, const MessageRef& ref, const FolderPath& to,
                                  std::string_view, const MessageRef* replaces) {
  MAPISTORE_CHECK(call.check());
  const std::lock_guard lock{tree_->mutex};
  Folder& source = *MAPISTORE_TRY(find(from));
  Folder& target = *MAPISTORE_TRY(find(to));
  const auto found = MAPISTORE_TRY(find(source, ref.key));
  if (replaces) {
    const auto old = target.messages.find(replaces->key);
    if (old == target.messages.end() ||
        (!replaces->change.bytes.empty() && entry_of(old->first, old->second).change != replaces->change))
      return fail(Errc::stale, replaces->key.bytes, "is not what it was");
    if (old != found) erase(to, target, old);
  }
  if (&source == &target) return entry_of(ref.key, found->second);
  auto node = source.messages.extract(found);
  source.removed[ref.key] = ++tree_->clock;
  node.mapped().changed = tree_->clock;
  target.removed.erase(ref.key);
  const Message& message = target.messages.insert(std::move(node)).position->second;
  tell(from, ref.key);
  tell(to, ref.key);
  return entry_of(ref.key, message);
}

Result<Entry> MemoryContext::copy(const Call& call, const FolderPath& from, const MessageRef& ref, const FolderPath& to,
                                  std::string_view name) {
  MAPISTORE_CHECK(call.check());
  const std::lock_guard lock{tree_->mutex};
  Folder& source = *MAPISTORE_TRY(find(from));
  Folder& target = *MAPISTORE_TRY(find(to));
  Message message = MAPISTORE_TRY(find(source, ref.key))->second;
  MAPISTORE_CHECK(check_room(message.bytes->size(), 0));
  message.number = message.bytes_changed = message.changed = ++tree_->clock;
  tree_->bytes += message.bytes->size();
  const Key key = make_key(message.number, name);
  tell(to, key);
  return entry_of(key, target.messages[key] = std::move(message));
}

Result<FolderEntry> MemoryContext::create_folder(const Call& call, const FolderPath& parent,
                                                 std::string_view display_name) {
  MAPISTORE_CHECK(call.check());
  const std::lock_guard lock{tree_->mutex};
  Folder& folder = *MAPISTORE_TRY(find(parent));
  MAPISTORE_CHECK(check_free_name(folder, display_name));
  auto child = std::make_unique<Folder>();
  child->display_name = display_name;
  child->number = child->changed = ++tree_->clock;
  child->modified = host_.now();
  const Key key = make_key(child->number, display_name);
  tell(parent, {});
  return folder_entry(key, *(folder.folders[key] = std::move(child)));
}

Result<FolderEntry> MemoryContext::rename_folder(const Call& call, const FolderPath& path, const FolderPath& new_parent,
                                                 std::string_view new_name) {
  MAPISTORE_CHECK(call.check());
  if (path.empty() || path == trash()) return fail(Errc::not_permitted, {}, "this folder must keep its name");
  if (is_within(new_parent, path))  // NOLINT(readability-suspicious-call-argument)
    return fail(Errc::invalid_argument, new_name, "cannot move into itself");
  const std::lock_guard lock{tree_->mutex};
  Folder& folder = *MAPISTORE_TRY(find(path));
  Folder& source = *MAPISTORE_TRY(find(parent_of(path)));
  Folder& target = *MAPISTORE_TRY(find(new_parent));
  const Key& key = path.back();
  if (&source != &target || folder.display_name != new_name) MAPISTORE_CHECK(check_free_name(target, new_name));
  folder.display_name = new_name;
  folder.changed = ++tree_->clock;
  if (&source != &target) {
    target.removed.erase(key);
    target.folders.insert(source.folders.extract(key));
    source.removed[key] = folder.changed;
    tell(parent_of(path), {});
  }
  tell(new_parent, {});
  return folder_entry(key, folder);
}

Result<> MemoryContext::remove_folder(const Call& call, const FolderPath& path) {
  MAPISTORE_CHECK(call.check());
  if (path.empty() || path == trash()) return fail(Errc::not_permitted, {}, "this folder must stay");
  const std::lock_guard lock{tree_->mutex};
  const Folder& folder = *MAPISTORE_TRY(find(path));
  if (!folder.messages.empty() || !folder.folders.empty())
    return fail(Errc::not_empty, folder.display_name, "has messages or folders in it");
  Folder& parent = *MAPISTORE_TRY(find(parent_of(path)));
  parent.removed[path.back()] = ++tree_->clock;
  parent.folders.erase(path.back());
  tell(parent_of(path), {});
  return {};
}

Result<Describing::Details> MemoryContext::details(const Call& call, const FolderPath& path) {
  MAPISTORE_CHECK(call.check());
  const std::lock_guard lock{tree_->mutex};
  return MAPISTORE_TRY(find(path))->details;
}

Result<> MemoryContext::set_detail(const Call& call, const FolderPath& path, std::string_view name,
                                   std::optional<std::string_view> value) {
  MAPISTORE_CHECK(call.check());
  const std::lock_guard lock{tree_->mutex};
  Details& details = MAPISTORE_TRY(find(path))->details;
  if (value)
    details.insert_or_assign(std::string(name), std::string(*value));
  else if (const auto found = details.find(name); found != details.end())
    details.erase(found);
  return {};
}

Result<> MemoryContext::start(const Call& call) {
  MAPISTORE_CHECK(call.check());
  const std::lock_guard lock{tree_->mutex};
  if (!tree_->watchers.try_emplace(this).second) return fail(Errc::busy, {}, "is watched already");
  return {};
}

Result<> MemoryContext::watch(const Call& call, WatchSink& sink) {
  while (true) {
    std::deque<Event> events;
    {
      std::unique_lock lock{tree_->mutex};
      const auto watcher = tree_->watchers.find(this);
      if (watcher == tree_->watchers.end()) return fail(Errc::invalid_argument, {}, "is not watched yet");
      const auto pending = [&] { return !watcher->second.empty(); };
      if (call.deadline == std::chrono::steady_clock::time_point::max())
        tree_->happened.wait(lock, call.stop, pending);
      else
        tree_->happened.wait_until(lock, call.stop, call.deadline, pending);
      events.swap(watcher->second);
    }
    MAPISTORE_CHECK(call.check());
    if (events.size() > most_events) {
      sink.everything_changed();
      continue;
    }
    for (const Event& event : events)
      event.message ? sink.message_changed(event.folder, *event.message) : sink.folder_changed(event.folder);
  }
}

FolderPath MemoryContext::trash() const { return {trash_key}; }

Result<Usage> MemoryContext::usage(const Call& call) {
  MAPISTORE_CHECK(call.check());
  const std::lock_guard lock{tree_->mutex};
  const std::uint64_t free = tree_->quota > tree_->bytes ? tree_->quota - tree_->bytes : 0;
  return Usage{.bytes_total = tree_->quota, .bytes_free = free, .objects_total = 0, .objects_free = 0};
}

Result<> MemoryContext::read_many(const Call& call, const FolderPath& path, std::span<const MessageRef> messages,
                                  BodySink& sink) {
  for (std::size_t i = 0; i < messages.size(); ++i) {
    MAPISTORE_CHECK(call.check());
    Message message;
    {
      const std::lock_guard lock{tree_->mutex};
      Folder& folder = *MAPISTORE_TRY(find(path));
      const auto found = folder.messages.find(messages[i].key);
      if (found == folder.messages.end()) continue;
      message = found->second;
    }
    MAPISTORE_CHECK(sink.begin(i, ChangeKey{std::to_string(message.bytes_changed)}, message.bytes->size()));
    for (auto rest = std::span(*message.bytes); !rest.empty();) {
      const auto piece = rest.first(std::min(rest.size(), piece_size));
      MAPISTORE_CHECK(call.check());
      MAPISTORE_CHECK(sink.data(piece));
      rest = rest.subspan(piece.size());
    }
    MAPISTORE_CHECK(sink.end(true));
  }
  return {};
}

}  // namespace mapistore::memory
