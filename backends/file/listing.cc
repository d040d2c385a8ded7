// What is there: listings, single entries, bytes.

#include <mapistore/summarize.h>

#include <algorithm>
#include <cerrno>
#include <unordered_map>
#include <unordered_set>

#include "backends/file/context.h"

namespace mapistore::file {
namespace {

constexpr std::uint64_t head_size = 16 * 1024;  // holds the headers of all but the strangest messages

FolderEntry folder_entry(const std::string& name, const posix::FileFacts& facts) {
  return {Key{name}, name, facts.identity(), Role::none, false, facts.modified};
}

Result<> forgive_absence(const Error& error) {
  if (error.code == Errc::not_found) return {};
  return std::unexpected(error);
}

}  // namespace

/// One run of `changes` over one directory.
class FileContext::Lister {
 public:
  Lister(FileContext& context, const Call& call, const posix::Directory& directory, ChangeSink& sink)
      : context_{context}, call_{call}, directory_{directory}, sink_{sink} {}

  Result<> run() {
    const auto items = MAPISTORE_TRY(directory_.list(call_));
    const auto states = MAPISTORE_TRY(StateFiles::open(directory_, state_directory));
    MAPISTORE_CHECK(load_state_files(states, items));
    if (!context_.profile_.read_only) directory_.remove_leftovers(items, context_.host_.now());
    std::size_t count = 0;
    for (const posix::DirectoryItem& item : items) {
      if (count++ % 64 == 0) MAPISTORE_CHECK(call_.check());
      if (!is_hidden(item.name)) MAPISTORE_CHECK(report(states, item.name));
    }
    return {};
  }

 private:
  /// Splits the state files into those of `items` and orphans, by the identity of the message they once had.
  Result<> load_state_files(const StateFiles& states, const std::vector<posix::DirectoryItem>& items) {
    const auto files = MAPISTORE_TRY(states.list(call_, context_.host_.now()));
    state_files_.insert(files.begin(), files.end());
    if (files.empty()) return {};
    std::unordered_set<std::string> orphans = state_files_;
    for (const posix::DirectoryItem& item : items) orphans.erase(StateFiles::file_name(item.name));
    for (const std::string& file : orphans) {
      const auto stored = states.read_file(file);
      if (stored && !stored->identity.empty()) orphans_[stored->identity] = file;
    }
    return {};
  }

  Result<> report(const StateFiles& states, const std::string& name) {
    const auto facts = directory_.facts(name);
    if (!facts) return forgive_absence(facts.error());
    if (facts->is_directory()) return sink_.folder(folder_entry(name, *facts));
    if (!facts->is_file()) {
      context_.log_once(directory_.path() + '/' + name, "passed over: neither a regular file nor a directory");
      return {};
    }
    const ChangeKey state_change = MAPISTORE_TRY(state_change_of(states, name, *facts));
    if (sink_.known(Key{name}, ChangeKey{facts->version()}, state_change)) return {};
    auto entry = context_.message_entry(directory_, states, name, *facts);
    if (!entry) return forgive_absence(entry.error());
    return sink_.message(*std::move(entry));
  }

  Result<ChangeKey> state_change_of(const StateFiles& states, const std::string& name, const posix::FileFacts& facts) {
    if (state_files_.empty()) return ChangeKey{};
    if (!state_files_.contains(StateFiles::file_name(name))) {
      const auto orphan = orphans_.find(facts.identity());
      if (orphan == orphans_.end()) return ChangeKey{};
      MAPISTORE_CHECK(adopt(states, orphan->second, name));
    }
    return states.validator(name);
  }

  /// Another program renamed a message: its state follows.
  Result<> adopt(const StateFiles& states, const std::string& orphan, const std::string& name) {
    if (context_.profile_.read_only) return {};
    const std::lock_guard lock{context_.commit_};
    const auto attached = states.attach(orphan, name);
    return attached ? attached : forgive_absence(attached.error());
  }

  FileContext& context_;
  const Call& call_;
  const posix::Directory& directory_;
  ChangeSink& sink_;
  std::unordered_set<std::string> state_files_;
  std::unordered_map<std::string, std::string> orphans_;  ///< identity of the message to state file
};

Result<Listing> FileContext::changes(const Call& call, const FolderPath& folder, const Cursor&, ChangeSink& sink) {
  MAPISTORE_CHECK(call.check());
  const auto directory = open_folder(folder);
  if (!directory && directory.error().code == Errc::not_found && folder == trash()) return Listing{};
  if (!directory) return std::unexpected(directory.error());
  MAPISTORE_CHECK(Lister(*this, call, *directory, sink).run());
  return Listing{};
}

Result<Entry> FileContext::message_entry(const posix::Directory& directory, const StateFiles& states,
                                         const std::string& name, const posix::FileFacts& facts) {
  Entry entry;
  entry.key.bytes = name;
  entry.name = name;
  entry.change.bytes = facts.version();
  entry.identity = facts.identity();
  entry.size = facts.size;
  entry.received = facts.modified;
  auto stored = states.read(name);
  if (stored) {
    entry.state = std::move(stored->state);
    entry.properties = std::move(stored->properties);
    entry.state_change = std::move(stored->validator);
  } else {
    entry.state_change = MAPISTORE_TRY(states.validator(name));
    log_once(stored.error().object, stored.error().what);
  }
  std::string head;
  if (const auto fd = directory.open_file(name); fd)
    head = MAPISTORE_TRY(posix::read_head(fd->get(), std::min(head_size, facts.size), name));
  else if (fd.error().code == Errc::access_denied)
    log_once(fd.error().object, "listed without its contents: permission denied");
  else
    return std::unexpected(fd.error());
  entry.summary = summarize(kind_of_name(name), name, head);
  return entry;
}

Result<Entry> FileContext::inspect_in(const posix::Directory& directory, const std::string& name) {
  if (is_hidden(name)) return directory.failure(ENOENT, name);
  const auto facts = MAPISTORE_TRY(directory.facts(name));
  if (!facts.is_file()) return directory.failure(ENOENT, name);
  const auto states = MAPISTORE_TRY(StateFiles::open(directory, state_directory));
  return message_entry(directory, states, name, facts);
}

Result<Entry> FileContext::inspect(const Call& call, const FolderPath& folder, const Key& key) {
  MAPISTORE_CHECK(call.check());
  const auto directory = MAPISTORE_TRY(open_folder(folder));
  return inspect_in(directory, key.bytes);
}

Result<std::unique_ptr<Body>> FileContext::open(const Call& call, const FolderPath& folder, const MessageRef& message) {
  MAPISTORE_CHECK(call.check());
  const bool in_trash = !folder.empty() && folder.front().bytes == trash_name;
  const auto hidden = [](const Key& key) { return is_hidden(key.bytes); };
  if (hidden(message.key) || std::ranges::any_of(folder.begin() + (in_trash ? 1 : 0), folder.end(), hidden))
    return root_.failure(ENOENT, message.key.bytes);
  return root_.open_body(folder, message.key.bytes);
}

}  // namespace mapistore::file
