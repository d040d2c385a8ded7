#include "fuse/folder_xattrs.h"

#include <sys/xattr.h>

#include <algorithm>
#include <array>

#include "core/free_busy.h"
#include "fuse/attributes.h"
#include "fuse/message_xattrs.h"

namespace mapistore::fs {

namespace {

/// What is told of a folder here; all else of that prefix its medium is asked for.
constexpr std::array<std::string_view, 5> own_folder_names{"user.mapi.fmid", "user.mapi.class", "user.mapi.displayname",
                                                           "user.mapi.role", "user.mapi.uri"};

}  // namespace

bool is_detail_xattr(const Node& node, std::string_view name) {
  return node.kind == NodeKind::folder && is_mapi_xattr(name) && !is_state_xattr(name) &&
         std::ranges::find(own_folder_names, name) == own_folder_names.end();
}

Result<std::string> detail_xattr(const Call& call, Store& store, Fmid folder, std::string_view name) {
  name.remove_prefix(mapi_prefix.size());
  if (const auto window = FreeBusyWindow::named(name, wall_clock()))
    return free_busy(call, store, folder, *window, wall_clock());
  const Describing::Details details = MAPISTORE_TRY(store.details(call, folder));
  const auto found = details.find(name);
  if (found == details.end()) return fail(Errc::no_data, name);
  return found->second;
}

Result<> set_detail_xattr(const Call& call, Store& store, Fmid folder, std::string_view name,
                          std::optional<std::string_view> value, int flags) {
  if (FreeBusyWindow::named(name.substr(mapi_prefix.size()), wall_clock()))
    return fail(Errc::not_permitted, name, "is computed and cannot be set");
  if (!value || flags != 0) {
    const auto there = detail_xattr(call, store, folder, name);
    if (!there && there.error().code != Errc::no_data) return std::unexpected(there.error());
    if (there && (flags & XATTR_CREATE) != 0) return fail(Errc::exists, name);
    if (!there && (!value || (flags & XATTR_REPLACE) != 0)) return fail(Errc::no_data, name);
  }
  return store.set_detail(call, folder, name.substr(mapi_prefix.size()), value);
}

}  // namespace mapistore::fs
