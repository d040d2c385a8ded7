#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mapistore::conversion {

/// The keywords of a Keywords field (RFC 5322 3.6.5); a comma in quotes or in an encoded word parts none.
std::vector<std::string> split_keywords(std::string_view value);

}  // namespace mapistore::conversion
