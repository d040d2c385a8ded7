#include <algorithm>
#include <cerrno>

#include "backends/file/context.h"

namespace mapistore::file {
namespace {

Result<> check_name(const posix::Directory& parent, std::string_view name) {
  if (!name.empty() && !is_hidden(name)) return {};
  return fail(Errc::invalid_argument, parent.path() + '/' + std::string(name), "cannot be a directory's name",
              "a name must have a character and not begin with a dot");
}

Result<FolderEntry> folder_entry(const posix::Directory& parent, const std::string& name) {
  const auto facts = MAPISTORE_TRY(parent.facts(name));
  if (!facts.is_directory()) return parent.failure(ENOENT, name);
  return FolderEntry{Key{name}, name, facts.identity(), Role::none, false, facts.modified};
}

/// What a directory holds, but for files that a process which was killed had begun.
Result<std::vector<posix::DirectoryItem>> items_of(const Call& call, const posix::Directory& directory) {
  directory.remove_abandoned(MAPISTORE_TRY(directory.list(call)));
  return directory.list(call);
}

/// Removes the state files of `folder` if nothing but them is in it: those of messages that are gone.
Result<> remove_orphaned_states(const Call& call, const posix::Directory& folder) {
  const auto items = MAPISTORE_TRY(items_of(call, folder));
  if (items.empty()) return {};
  if (items.size() > 1 || items.front().name != state_directory) return folder.failure(ENOTEMPTY, {});
  const auto states = MAPISTORE_TRY(folder.enter(state_directory));
  const auto files = MAPISTORE_TRY(items_of(call, states));
  const auto foreign = [](const posix::DirectoryItem& item) { return !item.name.ends_with(".json"); };
  if (std::ranges::any_of(files, foreign)) return folder.failure(ENOTEMPTY, {});
  for (const posix::DirectoryItem& file : files) MAPISTORE_CHECK(states.remove_file(file.name));
  return folder.remove_directory(state_directory);
}

}  // namespace

Result<FolderEntry> FileContext::create_folder(const Call& call, const FolderPath& parent,
                                               std::string_view display_name) {
  MAPISTORE_CHECK(call.check());
  const auto directory = MAPISTORE_TRY(open_target(parent));
  MAPISTORE_CHECK(check_name(directory, display_name));
  MAPISTORE_CHECK(directory.make_directory(display_name));
  return folder_entry(directory, std::string(display_name));
}

Result<FolderEntry> FileContext::rename_folder(const Call& call, const FolderPath& folder, const FolderPath& new_parent,
                                               std::string_view new_name) {
  MAPISTORE_CHECK(call.check());
  MAPISTORE_CHECK(check_writable());
  if (folder.empty() || folder == trash()) return fail(Errc::not_permitted, root_.path(), "must keep its name");
  const auto source = MAPISTORE_TRY(open_folder(parent_of(folder)));
  const std::string& old_name = folder.back().bytes;
  if (is_within(new_parent, folder))
    return fail(Errc::invalid_argument, source.path() + '/' + old_name, "cannot move into itself");
  const auto target = MAPISTORE_TRY(open_folder(new_parent));
  MAPISTORE_CHECK(check_name(target, new_name));
  MAPISTORE_CHECK(open_folder(folder));
  if (parent_of(folder) == new_parent && old_name == new_name) return folder_entry(source, old_name);
  MAPISTORE_CHECK(source.rename(old_name, target, new_name, false));
  return folder_entry(target, std::string(new_name));
}

Result<> FileContext::remove_folder(const Call& call, const FolderPath& folder) {
  MAPISTORE_CHECK(call.check());
  MAPISTORE_CHECK(check_writable());
  if (folder.empty() || folder == trash()) return fail(Errc::not_permitted, root_.path(), "must stay");
  const auto parent = MAPISTORE_TRY(open_folder(parent_of(folder)));
  const auto directory = MAPISTORE_TRY(open_folder(folder));
  MAPISTORE_CHECK(remove_orphaned_states(call, directory));
  return parent.remove_directory(folder.back().bytes);
}

}  // namespace mapistore::file
