#pragma once

#include <string>
#include <vector>

#include "core/conversion/calendar_write.h"

namespace mapistore::conversion {

/// The UID of an object that has none, in the form of a UUID: from its source key, else from what its lines tell.
std::string derived_uid(const MessageObject& message, const std::vector<NewLine>& lines);

/// A component with all that is demanded of it, unfolded; `uid` is its UID if the object has none, unless empty.
std::vector<std::string> whole_component(const MessageObject& message, const LineForm& form, std::string_view uid,
                                         Zones& zones);

}  // namespace mapistore::conversion
