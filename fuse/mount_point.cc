#include "fuse/mount_point.h"

#include <spawn.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>

namespace mapistore::fs {

namespace {

/// Paths in mountinfo have blanks and backslashes as octal escapes (proc(5)).
std::string unescaped(const std::string& text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 3 < text.size()) {
      plain += static_cast<char>((text[at + 1] - '0') * 64 + (text[at + 2] - '0') * 8 + (text[at + 3] - '0'));
      at += 3;
    } else {
      plain += text[at];
    }
  }
  return plain;
}

bool is_our_mount(const std::filesystem::path& path) {
  std::ifstream table{"/proc/self/mountinfo"};
  for (std::string line; std::getline(table, line);) {
    if (line.find(" - fuse.mapistorefs ") == std::string::npos) continue;
    std::size_t start = 0;
    for (int field = 0; field < 4; ++field) start = line.find(' ', start) + 1;
    if (unescaped(line.substr(start, line.find(' ', start) - start)) == path.native()) return true;
  }
  return false;
}

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
  if (dead && is_our_mount(path)) take_away(path);
  if (::stat(path.c_str(), &status) != 0) {
    Error failure = system_error(errno, path.native());
    if (failure.code == Errc::not_found) failure.hint = "create it with mkdir -p " + path.native();
    return std::unexpected(std::move(failure));
  }
  if (!S_ISDIR(status.st_mode)) return fail(Errc::not_a_folder, path.native(), "is not a directory");
  path = std::filesystem::canonical(path, error);
  if (is_our_mount(path))
    return fail(Errc::busy, path.native(), "is a mounted store already", "unmount it first: umount " + path.native());
  return path;
}

}  // namespace mapistore::fs
