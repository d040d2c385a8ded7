#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/mime/parameters.h"
#include "core/mime/part.h"

namespace mapistore::mime {

// The bytes of MIME, the same for the same arguments on every machine. Line ends are the caller's: "\r\n" or "\n".
// Lines are folded near column 76. What is appended is always whole fields: no text can end one early.

/// Whether a field may be called `name` (RFC 5322 3.6.8).
bool is_field_name(std::string_view name) noexcept;

/// `text` cut at its single blanks, which is where it may be folded: at a run of them a fold would change the text.
std::vector<std::string_view> foldable_words(std::string_view text);

/// In quotes, with what means something there escaped.
std::string quoted_string(std::string_view text);

/// `name: text`, what is not ASCII as RFC 2047 words of UTF-8. `read_fields` and `codec::decode_words` give the text
/// back as one line. Requires is_field_name(name), here and below.
void append_text_field(std::string& out, std::string_view name, std::string_view text, std::string_view line_end);

/// The same for a value that has its own syntax (message ids, a date): it is folded at blanks only, and controls in it
/// become blanks.
void append_structured_field(std::string& out, std::string_view name, std::string_view value,
                             std::string_view line_end);

/// Mailboxes that stand in one group must follow one another. Nothing if there are none.
void append_address_field(std::string& out, std::string_view name, std::span<const Mailbox> mailboxes,
                          std::string_view line_end);

/// `name: value; parameter=...`, what is not ASCII by RFC 2231. The parameters keep their order; empty ones are left
/// out.
void append_parameterized_field(std::string& out, std::string_view name, std::string_view value,
                                std::span<const Parameter> parameters, std::string_view line_end);

/// A boundary that no base64 or quoted-printable body holds, and that depends on nothing but `seed`.
std::string boundary_of(std::string_view seed);

}  // namespace mapistore::mime
