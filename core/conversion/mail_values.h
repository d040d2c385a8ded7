#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <mapistore/message_object.h>
#include <mapistore/object.h>

namespace mapistore::conversion {

/// Sets a text, as a LargeValue if it is large.
void set_text(PropertyBag& bag, const PropertyId& id, std::string text);
/// Sets bytes, as a LargeValue if they are many.
void set_bytes(PropertyBag& bag, const PropertyId& id, std::string_view bytes);

/// A text as UTF-8, held; nothing if there is none, or one that is too large to be part of a header.
std::optional<std::string> held_text(const PropertyBag& bag, const PropertyId& id);
/// The same, empty for nothing.
std::string text_or_empty(const PropertyBag& bag, const PropertyId& id);
/// Bytes of type `binary`, held.
std::optional<std::string> held_bytes(const PropertyBag& bag, const PropertyId& id);

std::optional<std::int32_t> held_number(const PropertyBag& bag, const PropertyId& id);
bool is_true(const PropertyBag& bag, const PropertyId& id);

/// A date as RFC 5322 3.3 writes it, in UTC: "Tue, 05 Mar 2024 09:00:00 +0000".
std::string mail_date(Time time);

}  // namespace mapistore::conversion
