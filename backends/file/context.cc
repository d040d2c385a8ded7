#include "backends/file/context.h"

#include <cerrno>

namespace mapistore::file {

FileContext::FileContext(Host& host, posix::Directory root) : host_{host}, root_{std::move(root)} {
  profile_.names_on_medium = true;
  profile_.keeps_properties = true;
  profile_.read_only = root_.is_read_only();
}

void* FileContext::query(AbilityId id) noexcept {
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

FolderPath FileContext::trash() const { return {Key{std::string(trash_name)}}; }

Result<posix::Directory> FileContext::open_folder(const FolderPath& folder) const {
  posix::Directory at = MAPISTORE_TRY(root_.reopen());
  for (std::size_t depth = 0; depth < folder.size(); ++depth) {
    const std::string& name = folder[depth].bytes;
    if (is_hidden(name) && (depth != 0 || name != trash_name)) return at.failure(ENOENT, name);
    auto next = at.enter(name);
    if (!next && next.error().code == Errc::not_a_folder) return at.failure(ENOENT, name);
    if (!next) return next;
    at = *std::move(next);
  }
  return at;
}

Result<> FileContext::check_writable() const {
  if (profile_.read_only) return fail(Errc::read_only, root_.path(), "is not writable for us");
  return {};
}

Result<posix::Directory> FileContext::open_target(const FolderPath& folder) const {
  MAPISTORE_CHECK(check_writable());
  if (folder == trash()) return root_.enter_or_create(trash_name);
  return open_folder(folder);
}

void FileContext::log_once(const std::string& path, std::string_view why) {
  {
    const std::lock_guard lock{logged_mutex_};
    if (!logged_.insert(path).second) return;
  }
  host_.log(LogLevel::warning, path, why);
}

Result<> FileContext::make_durable(const Call& call) {
  MAPISTORE_CHECK(call.check());
  return root_.make_durable();
}

Result<Usage> FileContext::usage(const Call& call) {
  MAPISTORE_CHECK(call.check());
  return root_.usage();
}

}  // namespace mapistore::file
