#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "backends/maildir/context.h"
#include "backends/maildir/folder_name.h"

namespace mapistore::maildir {
namespace {

/// What is ours, Maildir's or Dovecot's in a folder's directory; it goes with the folder.
bool belongs_to_folder(std::string_view name) {
  constexpr std::array known{std::string_view{"cur"},         std::string_view{"new"},
                             std::string_view{"tmp"},         std::string_view{"maildirfolder"},
                             std::string_view{"maildirsize"}, state_directory};
  return std::ranges::find(known, name) != known.end() || name.starts_with("dovecot");
}

Result<> check_removable(const Call& call, const MailFolder& folder) {
  if (!MAPISTORE_TRY(folder.list(call)).empty()) return folder.directory().failure(ENOTEMPTY, {});
  const auto items = MAPISTORE_TRY(folder.directory().list(call));
  const auto foreign = [](const posix::DirectoryItem& item) { return !belongs_to_folder(item.name); };
  if (std::ranges::any_of(items, foreign)) return folder.directory().failure(ENOTEMPTY, {});
  return {};
}

Result<> remove_tree(const Call& call, const posix::Directory& parent, std::string_view name) {
  const auto directory = MAPISTORE_TRY(parent.enter(name));
  for (const posix::DirectoryItem& item : MAPISTORE_TRY(directory.list(call))) {
    const auto facts = MAPISTORE_TRY(directory.facts(item.name));
    MAPISTORE_CHECK(facts.is_directory() ? remove_tree(call, directory, item.name) : directory.remove_file(item.name));
  }
  return parent.remove_directory(name);
}

/// Removes what a process has left that was killed while it removed a folder. A whole one may have got mail since.
Result<> remove_remains(const Call& call, const posix::Directory& parent, std::string_view name) {
  if (const auto whole = MailFolder::open(MAPISTORE_TRY(parent.enter(name))))
    MAPISTORE_CHECK(check_removable(call, *whole));
  return remove_tree(call, parent, name);
}

FolderPath below(FolderPath parent, std::string name) {
  parent.push_back(Key{std::move(name)});
  return parent;
}

bool any_within(const std::vector<FolderPath>& folders, const FolderPath& ancestor) {
  return std::ranges::any_of(folders, [&](const FolderPath& folder) { return is_within(folder, ancestor); });
}

/// A Maildir's own folder is the inbox: Dovecot has no other of that name.
bool is_inbox(const FolderPath& folder) {
  constexpr std::string_view inbox = "inbox";
  return folder.size() == 1 && std::ranges::equal(folder.front().bytes, inbox, [](char left, char right) {
           return (left >= 'A' && left <= 'Z' ? static_cast<char>(left | 0x20) : left) == right;
         });
}

}  // namespace

Result<FolderEntry> MaildirContext::create_folder(const Call& call, const FolderPath& parent,
                                                  std::string_view display_name) {
  MAPISTORE_CHECK(check_writable());
  std::string name = MAPISTORE_TRY(encode_folder_name(display_name));
  const FolderPath folder = below(parent, std::move(name));
  if (is_inbox(folder)) return fail(Errc::invalid_argument, display_name, "is the Maildir itself");
  const auto folders = MAPISTORE_TRY(list_folders(call));
  if (!parent.empty() && parent != trash() && !any_within(folders, parent)) return root_.failure(ENOENT, "folder");
  if (any_within(folders, folder)) return fail(Errc::exists, display_name, "there is a folder of this name");
  MAPISTORE_CHECK(MailFolder::create(root_, *directory_of(folder)));
  return folder_entry(folder);
}

Result<FolderEntry> MaildirContext::rename_folder(const Call& call, const FolderPath& folder,
                                                  const FolderPath& new_parent, std::string_view new_name) {
  MAPISTORE_CHECK(check_writable());
  if (folder.empty() || folder == trash()) return fail(Errc::not_permitted, root_.path(), "must keep its name");
  if (is_within(new_parent, folder)) return fail(Errc::invalid_argument, new_name, "cannot move into itself");
  std::string name = MAPISTORE_TRY(encode_folder_name(new_name));
  const FolderPath target = below(new_parent, std::move(name));
  if (is_inbox(target)) return fail(Errc::invalid_argument, new_name, "is the Maildir itself");
  const std::lock_guard lock{commit_};
  const auto folders = MAPISTORE_TRY(list_folders(call));
  if (!any_within(folders, folder)) return root_.failure(ENOENT, "folder");
  if (!new_parent.empty() && !any_within(folders, new_parent)) return root_.failure(ENOENT, "folder");
  if (folder == target) return folder_entry(folder);
  if (any_within(folders, target)) return fail(Errc::exists, new_name, "there is a folder of this name");

  std::vector<std::pair<std::string, std::string>> renamed;  // one directory each; undone together
  for (const FolderPath& old : folders) {
    if (!is_within(old, folder)) continue;
    FolderPath moved = target;
    moved.insert(moved.end(), old.begin() + static_cast<std::ptrdiff_t>(folder.size()), old.end());
    renamed.emplace_back(*directory_of(old), *directory_of(moved));
    if (auto done = root_.rename(renamed.back().first, root_, renamed.back().second, false); !done) {
      renamed.pop_back();
      for (const auto& [before, after] : renamed) (void)root_.rename(after, root_, before, false);
      return std::unexpected(std::move(done).error());
    }
  }
  return folder_entry(target);
}

Result<> MaildirContext::remove_folder(const Call& call, const FolderPath& folder) {
  MAPISTORE_CHECK(check_writable());
  if (folder.empty() || folder == trash()) return fail(Errc::not_permitted, root_.path(), "must stay");
  const std::lock_guard lock{commit_};
  const auto folders = MAPISTORE_TRY(list_folders(call));
  if (!any_within(folders, folder)) return root_.failure(ENOENT, "folder");
  const auto has_child = [&](const FolderPath& other) { return other != folder && is_within(other, folder); };
  if (std::ranges::any_of(folders, has_child)) return fail(Errc::not_empty, folder.back().bytes, "has folders in it");
  const auto opened = MAPISTORE_TRY(open_folder(folder));
  MAPISTORE_CHECK(check_removable(call, opened));

  // Out of sight first, so that no program meets half a folder; mail that came just now brings it back.
  const std::string name = *directory_of(folder);
  const std::string hidden = "mapistore-removed" + name;
  const auto inbox = MAPISTORE_TRY(MailFolder::open(root_));
  if (inbox.arriving().facts(hidden)) MAPISTORE_CHECK(remove_remains(call, inbox.arriving(), hidden));
  MAPISTORE_CHECK(root_.rename(name, inbox.arriving(), hidden, false));
  if (auto empty = check_removable(call, opened); !empty) {
    MAPISTORE_CHECK(inbox.arriving().rename(hidden, root_, name, false));
    return empty;
  }
  return remove_tree(call, inbox.arriving(), hidden);
}

}  // namespace mapistore::maildir
