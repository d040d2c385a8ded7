#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/message_view.h"

namespace mapistore::fs {

// The extended attributes `user.mapi.*` of a message that are not its state: a few with short names, and every property
// by its key (docs/formats/extended_attributes.md).

/// Errc::no_data: the message has none of this name. Errc::too_large: more than an attribute can hold.
Result<std::string> property_xattr(const MessageView& view, std::string_view name);

/// The short names that the message has a value for.
std::vector<std::string> listed_property_xattrs(const MessageView& view);

/// Errc::not_permitted: the attribute is computed, or means no property.
Result<> check_writable_xattr(std::string_view name);

/// The message with the attribute set, or without it. Errc::no_data: there was nothing to remove.
Result<PropertyFile> with_property_xattr(const MessageView& view, std::string_view name,
                                         std::optional<std::string_view> value);

}  // namespace mapistore::fs
