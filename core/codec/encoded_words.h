#pragma once

#include <string>
#include <string_view>

namespace mapistore::codec {

/// The text of an unstructured header value: unfolded, encoded words (RFC 2047) decoded, one line of valid UTF-8.
///
/// Neighbouring words of one charset are joined before they are decoded, since mailers split characters between
/// them. What is outside of words and not ASCII is UTF-8 if valid, else windows-1252. Linear in `value`.
std::string decode_words(std::string_view value);

}  // namespace mapistore::codec
