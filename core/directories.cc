#include "core/directories.h"

#include <mapistore/posix.h>

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "core/codec/digest.h"

namespace mapistore::directories {
namespace {

constexpr const char* own_name = "mapistorefs";

std::optional<std::filesystem::path> absolute_from(const char* variable) {
  const char* value = ::secure_getenv(variable);
  if (!value || *value != '/') return std::nullopt;
  return value;
}

Result<std::filesystem::path> below_home(const char* variable, const char* otherwise) {
  if (const auto base = absolute_from(variable)) return *base / own_name;
  return MAPISTORE_TRY(home()) / otherwise / own_name;
}

/// Makes each missing directory down to `path`. One made meanwhile by somebody else will do.
Result<> make_all(const std::filesystem::path& path) {
  std::filesystem::path built;
  for (const auto& part : path) {
    built /= part;
    if (::mkdir(built.c_str(), 0700) == 0 || errno == EEXIST) continue;
    // What is above may be closed to us and there all the same.
    const int error = errno;
    struct stat status{};
    if (::stat(built.c_str(), &status) != 0) return std::unexpected(system_error(error, built.string()));
  }
  return {};
}

}  // namespace

Result<std::filesystem::path> home() {
  if (const auto path = absolute_from("HOME")) return *path;
  std::vector<char> buffer(16 * 1024);
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found);
  if (!found || !found->pw_dir || *found->pw_dir != '/')
    return fail(Errc::not_found, "home directory", "not known", "set HOME");
  return std::filesystem::path(found->pw_dir);
}

Result<std::filesystem::path> config_home() { return below_home("XDG_CONFIG_HOME", ".config"); }
Result<std::filesystem::path> state_home() { return below_home("XDG_STATE_HOME", ".local/state"); }
Result<std::filesystem::path> cache_home() { return below_home("XDG_CACHE_HOME", ".cache"); }

Result<std::filesystem::path> runtime_dir() {
  if (const auto base = absolute_from("XDG_RUNTIME_DIR")) return *base / own_name;
  const uid_t user = ::geteuid();
  const std::filesystem::path base = user == 0 ? "/run" : "/run/user/" + std::to_string(user);
  if (std::error_code error; !std::filesystem::is_directory(base, error))
    return fail(Errc::not_found, base.string(), "no runtime directory", "set XDG_RUNTIME_DIR");
  return base / own_name;
}

std::string name_for(std::string_view text) {
  constexpr std::size_t kept = 8;
  const auto digest = codec::sha256(text);
  return codec::hex({reinterpret_cast<const char*>(digest.data()), kept});
}

Result<std::filesystem::path> make_private_directory(const std::filesystem::path& path) {
  MAPISTORE_CHECK(make_all(path));
  const posix::UniqueFd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat status{};
  if (!directory || ::fstat(directory.get(), &status) != 0)
    return std::unexpected(system_error(errno, path.string()));
  if (status.st_uid != ::geteuid())
    return fail(Errc::not_permitted, path.string(), "belongs to user " + std::to_string(status.st_uid),
                "remove it, or name another directory");
  if ((status.st_mode & 0077) != 0 && ::fchmod(directory.get(), 0700) != 0)
    return std::unexpected(system_error(errno, path.string()));
  return path;
}

}  // namespace mapistore::directories
