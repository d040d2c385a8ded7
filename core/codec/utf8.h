#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mapistore::codec {

/// The byte order mark that Windows editors write in front of UTF-8.
inline constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";

/// How many leading bytes are well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong).
std::size_t valid_utf8_prefix(std::string_view text) noexcept;

inline bool is_valid_utf8(std::string_view text) noexcept { return valid_utf8_prefix(text) == text.size(); }

bool is_all_ascii(std::string_view text) noexcept;

void append_code_point(std::string& out, char32_t code_point);

/// Appends `text`, each byte that is not UTF-8 as U+FFFD.
void append_repaired_utf8(std::string& out, std::string_view text);

/// `text` as one line for people: each run of white space that holds a control becomes one blank, ends trimmed.
std::string one_line(std::string text);

}  // namespace mapistore::codec
