#pragma once

#include <string>
#include <string_view>

namespace mapistore::codec {

// Between UTF-16 and WTF-8, in which a lone surrogate is the three bytes that UTF-8 would give it.

std::string utf8_of(std::u16string_view text);

/// What is no WTF-8 becomes U+FFFD, a byte each.
std::u16string utf16_of(std::string_view text);

}  // namespace mapistore::codec
