#pragma once

#include <string>
#include <string_view>

namespace mapistore::codec {

/// Appends what base64 `text` stands for. Anything outside the alphabet is passed over; padding may be missing, or
/// stand in the middle where someone joined two encodings.
void append_base64(std::string& out, std::string_view text);

/// Appends what quoted-printable `text` stands for; soft line breaks go, a stray `=` stays.
void append_quoted_printable(std::string& out, std::string_view text);

/// The same for the Q encoding of RFC 2047, where `_` is a blank.
void append_q_encoding(std::string& out, std::string_view text);

/// `bytes` as base64 with padding, in one line.
std::string base64_of(std::string_view bytes);

}  // namespace mapistore::codec
