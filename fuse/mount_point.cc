#include "fuse/mount_point.h"

#include <spawn.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "core/mount_table.h"

namespace mapistore::fs {

namespace {

void take_away(const std::filesystem::path& path) {
  if (::umount2(path.c_str(), MNT_DETACH) == 0) return;
  std::string words[] = {"fusermount3", "-u", "-z", path.native()};
  char* argv[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
  pid_t child = 0;
  if (::posix_spawnp(&child, "fusermount3", nullptr, nullptr, argv, environ) == 0) ::waitpid(child, nullptr, 0);
}

}  // namespace

Result<std::filesystem::path> prepare_mount_point(const std::filesystem::path& given) {
  std::error_code error;
  std::filesystem::path path = std::filesystem::absolute(given, error).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  struct stat status {};
  // What was asked of a daemon that is ending just now comes back aborted.
  const bool dead = ::stat(path.c_str(), &status) != 0 && (errno == ENOTCONN || errno == ECONNABORTED);
  if (dead && mounted_store_at(path)) take_away(path);
  if (::stat(path.c_str(), &status) != 0) {
    Error failure = system_error(errno, path.native());
    if (failure.code == Errc::not_found) failure.hint = "create it with mkdir -p " + path.native();
    return std::unexpected(std::move(failure));
  }
  if (!S_ISDIR(status.st_mode)) return fail(Errc::not_a_folder, path.native(), "is not a directory");
  path = std::filesystem::canonical(path, error);
  if (mounted_store_at(path))
    return fail(Errc::busy, path.native(), "is a mounted store already", "unmount it first: umount " + path.native());
  return path;
}

}  // namespace mapistore::fs
