#include "core/module_loader.h"

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "core/files.h"
#include "core/module_label.h"

namespace mapistore {
namespace {

/// Errc::access_denied unless `file` is a regular file beside its links.
Result<std::filesystem::path> resolved(const std::filesystem::path& file) {
  std::error_code error;
  auto target = std::filesystem::canonical(file, error);
  if (error) return std::unexpected(system_error(error.value(), file.string()));
  const auto directory = std::filesystem::canonical(file.parent_path(), error);
  if (error) return std::unexpected(system_error(error.value(), file.string()));
  if (target.parent_path() != directory)
    return fail(Errc::access_denied, file.string(), "links to " + target.string() + ", outside its directory");
  if (!std::filesystem::is_regular_file(target, error))
    return fail(Errc::access_denied, file.string(), "not a regular file");
  return target;
}

/// The same checks for the label in the file and the data in memory.
template <class Claims>
Result<> check_claims(const std::string& path, const Claims& claims) {
  const auto version = [](unsigned major, unsigned minor) {
    return std::to_string(major) + '.' + std::to_string(minor);
  };
  if (claims.magic != module_magic) return fail(Errc::incompatible, path, "not a mapistore backend: wrong magic");
  if (claims.abi_major != module_abi_major || claims.abi_minor > module_abi_minor)
    return fail(Errc::incompatible, path,
                "built for ABI " + version(claims.abi_major, claims.abi_minor) + ", this is " +
                    version(module_abi_major, module_abi_minor));
  if (std::string_view(claims.toolchain) != MAPISTORE_TOOLCHAIN)
    return fail(Errc::incompatible, path,
                "built with " + std::string(claims.toolchain) + ", this with " MAPISTORE_TOOLCHAIN);
  return {};
}

}  // namespace

Result<> check_trusted(const std::filesystem::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return std::unexpected(system_error(errno, path.string()));
  if (status.st_uid != 0 && status.st_uid != ::geteuid())
    return fail(Errc::access_denied, path.string(), "belongs to user " + std::to_string(status.st_uid));
  if ((status.st_mode & 0022) == 0) return {};
  std::array<char, 8> mode{};
  std::snprintf(mode.data(), mode.size(), "%04o", status.st_mode & 07777);
  return fail(Errc::access_denied, path.string(), std::string("others may write to it: mode ") + mode.data(),
              "chmod go-w " + path.string());
}

Result<std::vector<std::filesystem::path>> module_files(const std::filesystem::path& directory) {
  auto files = MAPISTORE_TRY(files_in(directory));
  std::erase_if(files, [](const std::filesystem::path& file) { return file.extension() != ".so"; });
  std::ranges::sort(files);
  return files;
}

Result<const BackendModule*> load_module(const std::filesystem::path& file) {
  const std::filesystem::path target = MAPISTORE_TRY(resolved(file));
  MAPISTORE_CHECK(check_trusted(target));
  const ModuleLabel label = MAPISTORE_TRY(read_module_label(target));
  MAPISTORE_CHECK(check_claims(file.string(), label));

  void* library = ::dlopen(target.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (!library) return fail(Errc::incompatible, file.string(), ::dlerror());
  const auto* module = static_cast<const BackendModule*>(::dlsym(library, "mapistore_backend_module"));
  if (!module) return fail(Errc::incompatible, file.string(), "does not export mapistore_backend_module");
  MAPISTORE_CHECK(check_claims(file.string(), *module));
  if (!module->name || !module->version || !module->create || label.name != std::string_view(module->name))
    return fail(Errc::incompatible, file.string(), "its label and its entry symbol disagree");
  return module;
}

}  // namespace mapistore
