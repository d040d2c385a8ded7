#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/store.h"

namespace mapistore::fs {

/// Whether `name` is an attribute that a folder's medium is asked for (Describing), or that is computed from what is in
/// the folder (FreeBusyWindow).
bool is_detail_xattr(const Node& node, std::string_view name);
/// The text of one. Errc::no_data. May wait for the medium.
Result<std::string> detail_xattr(const Call& call, Store& store, Fmid folder, std::string_view name);
/// Sets one; without `value` it is taken away. `flags` as setxattr(2) has them. Waits for the medium.
Result<> set_detail_xattr(const Call& call, Store& store, Fmid folder, std::string_view name,
                          std::optional<std::string_view> value, int flags);

}  // namespace mapistore::fs
