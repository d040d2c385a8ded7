#include "core/profile.h"

#include <mapistore/posix.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/directories.h"
#include "core/log.h"
#include "core/profile_reader.h"
#include "core/profile_values.h"

namespace mapistore {
namespace {

struct ProfileText {
  std::string text;
  bool open_to_others = false;
};

Result<ProfileText> read_all(const std::filesystem::path& file) {
  constexpr std::size_t longest = 1024 * 1024;
  const posix::UniqueFd descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status{};
  if (!descriptor || ::fstat(descriptor.get(), &status) != 0)
    return std::unexpected(system_error(errno, file.string()));
  if (!S_ISREG(status.st_mode)) return fail(Errc::invalid_configuration, file.string(), "not a regular file");
  ProfileText all{std::string(longest + 1, '\0'), (status.st_mode & 0077) != 0};
  std::size_t filled = 0;
  while (filled < all.text.size()) {
    const ssize_t count = ::read(descriptor.get(), all.text.data() + filled, all.text.size() - filled);
    if (count < 0) return std::unexpected(system_error(errno, file.string()));
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  if (filled > longest) return fail(Errc::invalid_configuration, file.string(), "longer than 1 MiB");
  all.text.resize(filled);
  return all;
}

Result<std::filesystem::path> find(std::string_view name) {
  const std::string file_name = std::string(name) + ".toml";
  const auto own = MAPISTORE_TRY(directories::config_home()) / file_name;
  const auto common = std::filesystem::path("/etc/mapistorefs") / file_name;
  for (const auto& path : {own, common})
    if (::access(path.c_str(), F_OK) == 0) return path;
  return fail(Errc::not_found, name, "no such profile", "write " + own.string() + " or " + common.string());
}

}  // namespace

bool is_profile_path(std::string_view name_or_path) noexcept {
  return !name_or_path.contains("://") && (name_or_path.contains('/') || name_or_path.ends_with(".toml"));
}

Result<StoreProfile> load_profile(std::string_view name_or_path) {
  if (name_or_path.empty()) return fail(Errc::invalid_argument, "profile", "its name is empty");
  const std::filesystem::path file =
      is_profile_path(name_or_path) ? std::filesystem::path(name_or_path) : MAPISTORE_TRY(find(name_or_path));
  ProfileText all = MAPISTORE_TRY(read_all(file));
  auto profile = read_profile(all.text, file);
  SecretText::wipe(all.text);
  if (!profile) return profile;
  for (const TopFolder& folder : profile->folders)
    if (folder.url_password && all.open_to_others)
      log::line(LogLevel::warning, folder.places.at("uri"),
                "holds a password that other users can read: chmod 600 " + file.string());
  return profile;
}

Result<> check_options(const TopFolder& folder, const Backend& backend) {
  const std::vector<std::string> own = backend.option_names();
  std::vector<std::string_view> known(folder_keys().begin(), folder_keys().end());
  known.insert(known.end(), own.begin(), own.end());
  for (const auto& [option, text] : folder.options) {
    const std::string_view key = std::string_view(option).substr(0, option.find('.'));
    if (std::ranges::find(known, key) != known.end() || std::ranges::find(known, option) != known.end()) continue;
    const auto place = folder.places.find(key);
    return fail(Errc::invalid_configuration, place == folder.places.end() ? folder.name : place->second,
                "unknown key '" + std::string(key) + "' for a folder of " + folder.uri.scheme() + "://",
                profile_values::suggestion(key, known));
  }
  return {};
}

}  // namespace mapistore
