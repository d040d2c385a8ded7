#pragma once

#include <memory>
#include <string_view>

#include "core/mime/part.h"
#include "core/mime/streams.h"

namespace mapistore::mime {

/// The encoding that a text is sent in: identity for short lines of ASCII, else the shorter one.
Encoding encoding_for_text(std::string_view text) noexcept;

/// Encodes a body in lines of 76, without a line end after the last one.
std::unique_ptr<Step> do_base64(std::string_view line_end);

/// Encodes a text: its line ends of any kind become `line_end`. It ends with one only if the text does.
std::unique_ptr<Step> do_quoted_printable(std::string_view line_end);

/// The text with its line ends of any kind as `line_end`.
std::unique_ptr<Step> do_line_ends(std::string_view line_end);

/// The step that encodes a body; for any other encoding than the two, null.
std::unique_ptr<Step> encode(Encoding encoding, std::string_view line_end);

}  // namespace mapistore::mime
