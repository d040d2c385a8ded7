#pragma once

#include <filesystem>
#include <vector>

#include <mapistore/plugin.h>

namespace mapistore {

/// Errc::access_denied unless `path` belongs to root or to us and nobody else may write to it.
Result<> check_trusted(const std::filesystem::path& path);

/// The files named *.so in `directory`, sorted; hidden ones are passed over.
Result<std::vector<std::filesystem::path>> module_files(const std::filesystem::path& directory);

/// Loads one module, for good: it is never unloaded. Before any of its code runs it must be a trusted regular file, or
/// a link to one in the same directory, and its label must fit ours in magic, ABI and toolchain.
/// Errc::access_denied, Errc::incompatible; the error's `what` is the whole reason.
Result<const BackendModule*> load_module(const std::filesystem::path& file);

}  // namespace mapistore
