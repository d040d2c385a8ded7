#include "core/secret_file.h"

#include <mapistore/posix.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "core/secret_text.h"

namespace mapistore {
namespace {

constexpr std::size_t longest = 64 * 1024;

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
  return posix::read_head(descriptor.get(), longest, path);
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
  if (before.size() == longest) return fail(Errc::too_large, file.string(), "is no file for a secret");
  const std::size_t end = before.find('\n');
  const auto directory = MAPISTORE_TRY(posix::Directory::open(target.parent_path().string()));
  auto written = MAPISTORE_TRY(posix::NewFile::create(directory));
  MAPISTORE_CHECK(written.write(secret));
  MAPISTORE_CHECK(written.write(end == std::string::npos ? "\n" : std::string_view(before).substr(end)));
  SecretText::wipe(before);
  // Rename alone may reach the disk before what it names.
  MAPISTORE_CHECK(directory.make_durable());
  MAPISTORE_CHECK(written.publish(directory, target.filename().string(), true));
  return directory.make_durable();
}

}  // namespace mapistore
