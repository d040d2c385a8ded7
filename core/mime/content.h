#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/codec/shared_bytes.h"
#include "core/mime/part.h"
#include "core/mime/streams.h"

namespace mapistore::mime {

/// A body with its transfer encoding undone.
std::string decoded_body(std::string_view body, Encoding encoding);

/// The same without holding more than a piece of it. The bytes stay referred to.
LargeValue decoded_content(SharedBytes body, Encoding encoding);

/// A text body as UTF-8: transfer encoding and charset undone, format=flowed joined to paragraphs. Line ends stay as
/// they are. Invalid bytes become U+FFFD; an undeclared charset is UTF-8 if all of the body is, else windows-1252.
std::string decoded_text(std::string_view body, Encoding encoding, const ContentType& type);

/// The same without holding more than a piece of it.
LargeValue decoded_text_content(SharedBytes body, Encoding encoding, const ContentType& type);

/// Joins the lines of format=flowed text (RFC 3676) to paragraphs, the marks of quotes as `>> text`.
std::unique_ptr<Step> unflow(bool delete_space);

}  // namespace mapistore::mime
