#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mapistore::codec {

enum class Blanks : bool { replaced, kept };

/// `text` in the letters a file name is made of: NFC, each run of anything but letters, digits and `.,+=@%-` one
/// `_`, at most `limit` bytes cut between graphemes, without `. _ -` (and kept blanks) at both ends. May be empty.
/// `text` need not be valid UTF-8. Applying it again changes nothing.
std::string name_text(std::string_view text, std::size_t limit, Blanks blanks = Blanks::replaced);

/// The length of the longest part of `text` (valid UTF-8) that has at most `limit` bytes and ends between graphemes;
/// between characters if the first grapheme is too long.
std::size_t grapheme_cut(std::string_view text, std::size_t limit) noexcept;

/// `text` with each `/`, control and byte that is not UTF-8 replaced by `_`, all else as it is.
std::string legal_characters(std::string_view text);

}  // namespace mapistore::codec
