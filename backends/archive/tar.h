#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mapistore::archive {

/// The header of one file in a tar archive, as GNU tar and POSIX pax read it; `seconds` since 1970. Names and sizes of
/// any length.
std::string tar_header(std::string_view name, std::uint64_t size, std::int64_t seconds);
/// What follows `size` bytes of a file.
std::string tar_padding(std::uint64_t size);
/// The end of the archive.
std::string tar_end();

}  // namespace mapistore::archive
