#include "backends/maildir/context.h"

#include <algorithm>
#include <cerrno>

#include "backends/maildir/folder_name.h"

namespace mapistore::maildir {

MaildirContext::MaildirContext(Host& host, posix::Directory root) : host_{host}, root_{std::move(root)} {
  profile_.keeps_properties = true;
  profile_.read_only = root_.is_read_only();
  profile_.kinds = {MessageKind::mail};
}

void* MaildirContext::query(AbilityId id) noexcept {
  switch (id) {
    case AbilityId::moving: return static_cast<Moving*>(this);
    case AbilityId::watching: return static_cast<Watching*>(this);
    case AbilityId::trashing: return static_cast<Trashing*>(this);
    case AbilityId::quota: return static_cast<Quota*>(this);
    case AbilityId::durability: return static_cast<Durability*>(this);
    case AbilityId::reading: break;    // opening costs nothing
    case AbilityId::searching: break;  // nor does reading
    case AbilityId::describing: break;
    case AbilityId::part_reading: break;
  }
  return nullptr;
}

FolderPath MaildirContext::trash() const { return {Key{"Trash"}}; }

Result<> MaildirContext::check_writable() const {
  if (profile_.read_only) return fail(Errc::read_only, root_.path(), "is not writable for us");
  return {};
}

Result<MailFolder> MaildirContext::open_folder(const FolderPath& folder) const {
  const auto name = directory_of(folder);
  if (!name) return root_.failure(ENOENT, "folder");
  if (name->empty()) return MailFolder::open(root_);
  auto directory = root_.enter(*name);
  if (!directory && directory.error().code == Errc::not_a_folder) return root_.failure(ENOENT, *name);
  if (!directory) return std::unexpected(std::move(directory).error());
  return MailFolder::open(*directory);
}

Result<MailFolder> MaildirContext::open_target(const FolderPath& folder) const {
  MAPISTORE_CHECK(check_writable());
  auto opened = open_folder(folder);
  if (opened || opened.error().code != Errc::not_found) return opened;
  const auto folders = MAPISTORE_TRY(list_folders({}));
  const auto below = [&](const FolderPath& other) { return is_within(other, folder); };
  if (folder != trash() && std::ranges::none_of(folders, below)) return opened;
  // Another may have made it meanwhile.
  if (auto made = MailFolder::create(root_, *directory_of(folder)); !made && made.error().code != Errc::exists)
    return std::unexpected(std::move(made).error());
  return open_folder(folder);
}

Result<> MaildirContext::make_durable(const Call& call) {
  MAPISTORE_CHECK(call.check());
  return root_.make_durable();
}

Result<Usage> MaildirContext::usage(const Call& call) {
  MAPISTORE_CHECK(call.check());
  return root_.usage();
}

}  // namespace mapistore::maildir
