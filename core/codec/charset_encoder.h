#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mapistore::codec {

/// `text`, which is UTF-8, in `charset`; nothing if a reader of that charset would not see it again, or it is not
/// known.
std::optional<std::string> encode_charset(std::string_view charset, std::string_view text);

}  // namespace mapistore::codec
