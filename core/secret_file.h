#pragma once

#include <filesystem>
#include <string>

#include <mapistore/result.h>

namespace mapistore {

/// The first line of a regular file of ours or root's, with mode 0600 or 0400, without its end. Errc::access_denied:
/// the file is open to others; Errc::no_data: the line is empty.
MAPISTORE_API Result<std::string> read_secret_file(const std::filesystem::path& file);

/// Puts `secret` in place of the first line of such a file, which has the mode 0600 then. At every moment, also after a
/// power cut, the file is the old one or the new one.
Result<> replace_secret_in_file(const std::filesystem::path& file, std::string_view secret);

/// The same, and a file that is not there is made, with its directory (mode 0700).
MAPISTORE_API Result<> store_secret_file(const std::filesystem::path& file, std::string_view secret);

/// Whether store_secret_file could write there, before somebody signs in for nothing.
MAPISTORE_API Result<> check_secret_file(const std::filesystem::path& file);

}  // namespace mapistore
