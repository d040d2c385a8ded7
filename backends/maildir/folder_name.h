#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <mapistore/object.h>
#include <mapistore/result.h>

namespace mapistore::maildir {

/// A display name in modified UTF-7 (RFC 3501 5.1.3), as Dovecot names Maildir++ directories.
/// Errc::invalid_argument: empty, not UTF-8, or with "." or "/", which separate folders.
Result<std::string> encode_folder_name(std::string_view display_name);

/// The reverse; a name that is no modified UTF-7 shows as it is.
std::string decode_folder_name(std::string_view name);

/// The directory of a folder in the Maildir: `.A.B`. Nothing if a key is none of ours; empty for the root.
std::optional<std::string> directory_of(const FolderPath& folder);

/// The folder of a directory `.A.B` in the Maildir; nothing if it is not named as one.
std::optional<FolderPath> folder_of(std::string_view directory);

}  // namespace mapistore::maildir
