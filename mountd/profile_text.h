#pragma once

#include <map>
#include <string>
#include <string_view>

#include <mapistore/result.h>

/// Profiles as texts that people write: changed where they must be, and left alone elsewhere, comments included.
namespace mapistore::ctl::profile_text {

/// The lines of `text` from `[folders.NAME]` up to the next table; of a part of an account, what would be such lines.
/// Errc::not_found; Errc::invalid_configuration if the folder is written in another form, which only its author can
/// change, or is part of an account whose password is in its URI.
Result<std::string> section(std::string_view text, std::string_view folder);

/// `text` with `replacement` in place of that section; an empty one takes it away. A part of an account is written out
/// at the end, where it takes the account's place; what means what the account does is nothing to write.
Result<std::string> with_section(std::string_view text, std::string_view folder, std::string_view replacement);

/// `section` for another medium: `uri` and `options` (key to TOML value) in place of those of the old one. What says
/// how the folder is to be treated, whatever its medium, stays.
Result<std::string> for_medium(std::string_view section, std::string_view folder, std::string_view uri,
                               const std::map<std::string, std::string>& options);

/// `value` as it is to stand in a profile: a TOML value if it is one of those that profiles know, else a string.
std::string as_value(std::string_view value);

/// A section for a new top folder.
std::string new_section(std::string_view folder, std::string_view uri,
                        const std::map<std::string, std::string>& options);

/// Whether this user may `write` the file, as far as can be told without doing it.
Result<> may_write(const std::string& file);
/// Writes `text` to `file` in one step, which keeps its mode and owner. Of a symbolic link, to what it points at.
Result<> write(const std::string& file, std::string_view text);

}  // namespace mapistore::ctl::profile_text
