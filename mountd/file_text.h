#pragma once

#include <filesystem>
#include <string>

#include <mapistore/result.h>

namespace mapistore::ctl {

/// All of a file, whatever its size says: those of a mount and of /proc say nothing.
Result<std::string> read_file(const std::filesystem::path& file);

}  // namespace mapistore::ctl
