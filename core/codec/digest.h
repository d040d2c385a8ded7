#pragma once

#include <array>
#include <string>
#include <string_view>

namespace mapistore::codec {

std::array<unsigned char, 32> sha256(std::string_view bytes);

/// Two lower-case digits for each byte.
std::string hex(std::string_view bytes);

}  // namespace mapistore::codec
