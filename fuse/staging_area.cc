#include "fuse/staging_area.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <charconv>

#include "core/directories.h"
#include "core/files.h"

namespace mapistore::fs {

namespace {

constexpr std::size_t kept_files = 16;

/// Gives an open file one more name (linkat(2), through /proc for one that has none). It is no error to have it
/// already.
Result<> link_to(int fd, const std::filesystem::path& path) {
  const std::string from = "/proc/self/fd/" + std::to_string(fd);
  if (::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) != 0 && errno != EEXIST)
    return std::unexpected(system_error(errno, path.native()));
  return {};
}

}  // namespace

Result<StagingArea> StagingArea::open(const std::filesystem::path& directory) {
  StagingArea area{directory};
  MAPISTORE_CHECK(directories::make_private_directory(area.staging_));
  MAPISTORE_CHECK(directories::make_private_directory(area.unsaved_));
  return area;
}

Result<posix::UniqueFd> NamelessFiles::take() {
  {
    Locked locked{mutex_};
    if (!free_.empty()) {
      posix::UniqueFd fd = std::move(free_.back());
      free_.pop_back();
      return fd;
    }
  }
  posix::UniqueFd fd{::open(directory_.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600)};
  if (!fd) return std::unexpected(system_error(errno, directory_.native()));
  return fd;
}

void NamelessFiles::give_back(posix::UniqueFd fd) {
  if (!fd || ::ftruncate(fd.get(), 0) != 0 || ::lseek(fd.get(), 0, SEEK_SET) != 0) return;
  Locked locked{mutex_};
  if (free_.size() < kept_files) free_.push_back(std::move(fd));
}

Usage StagingArea::usage() const noexcept {
  struct statvfs disk {};
  if (::statvfs(staging_.c_str(), &disk) != 0) return {};
  return {disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize, disk.f_files, disk.f_favail};
}

Result<> StagingArea::give_name(int fd, Fmid fmid) const { return link_to(fd, path_of(fmid)); }

Result<posix::UniqueFd> StagingArea::create(Fmid fmid) const {
  posix::UniqueFd fd{::open(path_of(fmid).c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  if (!fd) return std::unexpected(system_error(errno, path_of(fmid).native()));
  return fd;
}

Result<posix::UniqueFd> StagingArea::reopen(Fmid fmid) const {
  posix::UniqueFd fd{::open(path_of(fmid).c_str(), O_RDWR | O_CLOEXEC)};
  if (!fd) return std::unexpected(system_error(errno, path_of(fmid).native()));
  return fd;
}

void StagingArea::remove(Fmid fmid) const noexcept { ::unlink(path_of(fmid).c_str()); }

Result<> StagingArea::make_durable(int fd) const {
  const posix::UniqueFd directory{::open(staging_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory || ::fsync(fd) != 0 || ::fsync(directory.get()) != 0)
    return std::unexpected(system_error(errno, staging_.native()));
  return {};
}

Result<std::filesystem::path> StagingArea::keep_unsaved(int fd, Fmid fmid, std::string_view name) const {
  std::filesystem::path kept = unsaved_ / (std::to_string(fmid.value) + "-" + std::string(kept_name(name)));
  // Already kept: that name may be the bytes' last one.
  struct stat now {}, there {};
  // Where the disk had no room for a single byte, none is kept.
  if (::fstat(fd, &now) == 0 && now.st_size == 0)
    return fail(Errc::no_space, kept.native(), "there are no bytes to keep");
  if (::fstat(fd, &now) == 0 && ::stat(kept.c_str(), &there) == 0 && now.st_dev == there.st_dev &&
      now.st_ino == there.st_ino)
    return kept;
  ::unlink(kept.c_str());
  MAPISTORE_CHECK(link_to(fd, kept));
  return kept;
}

std::vector<std::filesystem::path> StagingArea::recover(Index& index) const {
  std::vector<std::filesystem::path> kept;
  for (const std::filesystem::path& file : files_in(staging_).value_or(std::vector<std::filesystem::path>{})) {
    const std::string name = file.filename().native();
    std::uint64_t number = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), number).ec != std::errc{}) continue;
    const auto node = index.node(Fmid{number});
    if (node && node->kind == NodeKind::local_file) continue;
    if (std::error_code unknown; std::filesystem::file_size(file, unknown) > 0) {
      const auto fd = reopen(Fmid{number});
      if (!fd) continue;
      auto path = keep_unsaved(fd->get(), Fmid{number}, node ? node->name : "interrupted");
      if (!path) continue;
      kept.push_back(std::move(*path));
    }
    remove(Fmid{number});
  }
  return kept;
}

}  // namespace mapistore::fs
