#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <mapistore/message_object.h>

#include "core/codec/shared_bytes.h"
#include "core/conversion/loss.h"

namespace mapistore::conversion {

/// The letters of ASCII in lower case.
std::string lower_case(std::string_view text);

/// The bytes of a property of type `unicode` or `binary`, whatever its size; nothing if it has none of these.
/// Held ones are copied.
std::optional<LargeValue> large_value(const PropertyBag& bag, const PropertyId& id);

/// A value of type `binary`: large ones refer into `bytes`.
PropertyValue binary_value(const SharedBytes& bytes);

/// Reports each property of content that `told` does not know, as dropped for `reason`.
void report_untold(const PropertyBag& bag, const std::function<bool(const PropertyId&)>& told, std::string_view reason,
                   LossReport& losses);

}  // namespace mapistore::conversion
