#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/mime/part.h"

namespace mapistore::conversion {

// Whole header fields as they are written: folded, encoded (RFC 2047, RFC 2231), ended by CRLF, and ASCII throughout.

/// An unstructured one. What stands in it is read back as it is, but for controls and for blanks at its ends.
std::string text_field(std::string_view name, std::string_view text);
std::string address_field(std::string_view name, const std::vector<mime::Mailbox>& mailboxes);
std::string phrases_field(std::string_view name, const std::vector<std::string>& phrases);
std::string base64_field(std::string_view name, std::string_view bytes);
/// A value with parameters; those whose value is empty are left out.
std::string parameters_field(std::string_view name, std::string_view value,
                             const std::vector<std::pair<std::string_view, std::string>>& parameters);

}  // namespace mapistore::conversion
