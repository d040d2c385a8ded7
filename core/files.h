#pragma once

#include <filesystem>
#include <vector>

#include <mapistore/export.h>
#include <mapistore/result.h>

namespace mapistore {

/// The paths of all that `directory` holds, in no order. What comes or goes meanwhile may be among them or not. Fails
/// as opendir(3) does.
MAPISTORE_API Result<std::vector<std::filesystem::path>> files_in(const std::filesystem::path& directory);

}  // namespace mapistore
