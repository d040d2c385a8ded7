#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mapistore::codec {

/// `text`, which is UTF-8, in `charset`; nothing if it cannot tell all of it, or is not known.
std::optional<std::string> encode_charset(std::string_view charset, std::string_view text);

}  // namespace mapistore::codec
