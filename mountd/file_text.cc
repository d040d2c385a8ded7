#include "mountd/file_text.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include <mapistore/posix.h>

namespace mapistore::ctl {

Result<std::string> read_file(const std::filesystem::path& file) {
  const posix::UniqueFd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) return std::unexpected(system_error(errno, file.native()));
  std::string text;
  std::array<char, 65536> piece;
  while (true) {
    const ssize_t count = ::read(fd.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return std::unexpected(system_error(errno, file.native()));
    if (count == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace mapistore::ctl
