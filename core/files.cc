#include "core/files.h"

#include <boost/filesystem/directory.hpp>

namespace mapistore {

Result<std::vector<std::filesystem::path>> files_in(const std::filesystem::path& directory) {
  namespace fs = boost::filesystem;
  std::vector<std::filesystem::path> files;
  boost::system::error_code error;
  for (fs::directory_iterator entry{directory.native(), error}, end; !error && entry != end; entry.increment(error))
    files.emplace_back(entry->path().native());
  if (error) return std::unexpected(system_error(error.value(), directory.native()));
  return files;
}

}  // namespace mapistore
