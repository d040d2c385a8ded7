#include "core/secret_file.h"

#include <mapistore/posix.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <vector>

#include "core/secret_text.h"

namespace mapistore {
namespace {

constexpr std::size_t largest_secret = 64 * 1024;

/// Everything of a private file that the rules demand, by name of what is wrong.
Result<> check_private(const std::string& path, const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return fail(Errc::invalid_argument, path, "not a regular file");
  if (status.st_uid != ::geteuid() && status.st_uid != 0)
    return fail(Errc::access_denied, path, "belongs to user " + std::to_string(status.st_uid),
                "keep the secret in a file of your own");
  const mode_t mode = status.st_mode & 07777;
  if (mode == 0600 || mode == 0400) return {};
  std::array<char, 8> octal{};
  std::snprintf(octal.data(), octal.size(), "%04o", mode);
  return fail(Errc::access_denied, path, std::string("mode is ") + octal.data() + ", not 0600 or 0400",
              "chmod 600 " + path);
}

/// The first bytes of a private file.
Result<std::string> read_private(const std::filesystem::path& file) {
  const std::string path = file.string();
  const posix::UniqueFd descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status{};
  if (!descriptor || ::fstat(descriptor.get(), &status) != 0) return std::unexpected(system_error(errno, path));
  MAPISTORE_CHECK(check_private(path, status));
  return posix::read_head(descriptor.get(), largest_secret, path);
}

/// Both texts as the whole of a file with the mode 0600.
Result<> write_private(const posix::Directory& directory, const std::string& name, std::string_view first,
                       std::string_view rest, bool replace) {
  auto written = MAPISTORE_TRY(posix::NewFile::create(directory));
  MAPISTORE_CHECK(written.write(first));
  MAPISTORE_CHECK(written.write(rest));
  // Rename alone may reach the disk before what it names.
  MAPISTORE_CHECK(directory.make_durable());
  MAPISTORE_CHECK(written.publish(directory, name, replace));
  return directory.make_durable();
}

/// The directory of `file`, made if it is not there.
Result<posix::Directory> parent_of(const std::filesystem::path& file) {
  const std::filesystem::path parent = std::filesystem::absolute(file).parent_path();
  std::vector<std::filesystem::path> missing;
  std::error_code error;
  for (auto at = parent; !std::filesystem::exists(at, error); at = at.parent_path()) missing.push_back(at);
  for (; !missing.empty(); missing.pop_back())
    if (::mkdir(missing.back().c_str(), 0700) != 0 && errno != EEXIST)
      return std::unexpected(system_error(errno, missing.back().string()));
  return posix::Directory::open(parent.string());
}

}  // namespace

Result<std::string> read_secret_file(const std::filesystem::path& file) {
  std::string text = MAPISTORE_TRY(read_private(file));
  std::size_t end = std::min(text.find('\n'), text.size());
  if (end > 0 && text[end - 1] == '\r') --end;
  std::string secret = text.substr(0, end);
  SecretText::wipe(text);
  if (secret.empty()) return fail(Errc::no_data, file.string(), "its first line is empty", "write the secret there");
  return secret;
}

Result<> replace_secret_in_file(const std::filesystem::path& file, std::string_view secret) {
  // A link stays, and what it leads to is replaced.
  std::error_code error;
  const std::filesystem::path target = std::filesystem::canonical(file, error);
  if (error) return std::unexpected(system_error(error.value(), file.string()));
  std::string before = MAPISTORE_TRY(read_private(target));
  if (before.size() == largest_secret) return fail(Errc::too_large, file.string(), "is no file for a secret");
  const std::size_t end = before.find('\n');
  const auto directory = MAPISTORE_TRY(posix::Directory::open(target.parent_path().string()));
  const Result<> written = write_private(directory, target.filename().string(), secret,
                                         end == std::string::npos ? "\n" : std::string_view(before).substr(end), true);
  SecretText::wipe(before);
  return written;
}

Result<> check_secret_file(const std::filesystem::path& file) {
  if (std::error_code error; std::filesystem::exists(std::filesystem::symlink_status(file, error))) {
    const std::filesystem::path target = std::filesystem::canonical(file, error);
    if (error) return std::unexpected(system_error(error.value(), file.string()));
    SecretText{MAPISTORE_TRY(read_private(target))};
    const auto directory = MAPISTORE_TRY(posix::Directory::open(target.parent_path().string()));
    MAPISTORE_TRY(posix::NewFile::create(directory));
    return {};
  }
  const auto directory = MAPISTORE_TRY(parent_of(file));
  MAPISTORE_TRY(posix::NewFile::create(directory));
  return {};
}

Result<> store_secret_file(const std::filesystem::path& file, std::string_view secret) {
  if (std::error_code error; std::filesystem::exists(std::filesystem::symlink_status(file, error)))
    return replace_secret_in_file(file, secret);
  const auto directory = MAPISTORE_TRY(parent_of(file));
  return write_private(directory, file.filename().string(), secret, "\n", false);
}

}  // namespace mapistore
