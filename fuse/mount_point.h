#pragma once

#include <filesystem>

#include <mapistore/result.h>

namespace mapistore::fs {

/// The directory to mount on, as an absolute path. A mount of ours there whose daemon died is taken away first.
/// Errc::not_found, Errc::not_a_folder; Errc::busy: a mount of ours is alive there.
Result<std::filesystem::path> prepare_mount_point(const std::filesystem::path& given);

}  // namespace mapistore::fs
