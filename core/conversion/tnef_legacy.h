#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <mapistore/message_object.h>

#include "core/conversion/tnef_properties.h"
#include "core/conversion/tnef_stream.h"

namespace mapistore::conversion {

/// What an attribute of the times before MAPI tells as properties (MS-OXTNEF 2.1.3.3). Nothing if its data cannot be
/// read, or if no property tells it. `class_name`, the message's, decides whose attOwner is.
std::optional<std::vector<Property>> legacy_properties(const TnefAttribute& attribute, std::string_view class_name,
                                                       TnefValueReader& values);

/// The class of today for one of Microsoft Mail; any other as it is.
std::string_view message_class_of_legacy(std::string_view legacy) noexcept;

}  // namespace mapistore::conversion
