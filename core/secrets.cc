#include "core/secrets.h"

#include <mapistore/posix.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "core/command.h"
#include "core/log.h"

namespace mapistore {
namespace {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};

/// Everything of a private file that the rules demand, by name of what is wrong.
Result<> check_private(const std::string& path, const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return fail(Errc::invalid_argument, path, "not a regular file");
  if (status.st_uid != ::geteuid() && status.st_uid != 0)
    return fail(Errc::access_denied, path, "belongs to user " + std::to_string(status.st_uid),
                "keep the password in a file of your own");
  const mode_t mode = status.st_mode & 07777;
  if (mode == 0600 || mode == 0400) return {};
  std::array<char, 8> octal{};
  std::snprintf(octal.data(), octal.size(), "%04o", mode);
  return fail(Errc::access_denied, path, std::string("mode is ") + octal.data() + ", not 0600 or 0400",
              "chmod 600 " + path);
}

Result<std::string> read_file(const std::filesystem::path& file) {
  const std::string path = file.string();
  const posix::UniqueFd descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status{};
  if (!descriptor || ::fstat(descriptor.get(), &status) != 0) return std::unexpected(system_error(errno, path));
  MAPISTORE_CHECK(check_private(path, status));

  constexpr std::size_t longest = 64 * 1024;
  std::string line(longest, '\0');
  // NOLINTNEXTLINE(clang-analyzer-unix.BlockInCriticalSection): a Slot's mutex is there to be held meanwhile
  const ssize_t count = ::read(descriptor.get(), line.data(), line.size());
  if (count < 0) return std::unexpected(system_error(errno, path));
  const std::string_view all(line.data(), static_cast<std::size_t>(count));
  std::size_t end = std::min(all.find('\n'), all.size());
  if (end > 0 && all[end - 1] == '\r') --end;
  std::string secret = line.substr(0, end);
  SecretText::wipe(line);
  if (secret.empty()) return fail(Errc::no_data, path, "its first line is empty", "write the password there");
  return secret;
}

Result<std::string> run_command(const ContextUri& uri, const CommandSecret& source, std::chrono::milliseconds limit) {
  auto secret = secret_from_command("password_command of " + uri.to_string(), {"/bin/sh", "-c", source.command}, limit);
  if (!secret && secret.error().hint.empty()) secret.error().hint = "run it in a terminal without input";
  return secret;
}

Result<std::string> ask_desktop(const DesktopSecret& source, std::chrono::milliseconds limit) {
  auto secret = secret_from_command("secret " + source.service + ':' + source.label,
                                    {"secret-tool", "lookup", "service", source.service, "label", source.label}, limit);
  if (secret) return secret;
  Error& error = secret.error();
  if (error.code == Errc::not_found) {
    error.hint = "apt install libsecret-tools";
  } else if (error.code == Errc::no_data) {
    error = {Errc::not_found, error.object, "the desktop keeps no such secret",
             "secret-tool store --label='" + source.label + "' service '" + source.service + "' label '" +
                 source.label + "'"};
  }
  return secret;
}

}  // namespace

std::shared_ptr<Secrets::Slot> Secrets::slot(const ContextUri& uri) {
  const std::lock_guard lock(mutex_);
  auto& found = slots_[uri.to_string()];
  if (!found) found = std::make_shared<Slot>();
  return found;
}

void Secrets::put(const ContextUri& uri, std::string password) {
  log::redact(password);
  const auto known = slot(uri);
  const std::lock_guard lock(known->mutex);
  known->given = SecretText(std::move(password));
}

void Secrets::configure(const ContextUri& uri, SecretSource source) {
  if (const auto* environment = std::get_if<EnvironmentSecret>(&source)) {
    auto value = take_from_environment(environment->variable.c_str());
    const std::lock_guard lock(mutex_);
    if (value) variables_.insert_or_assign(environment->variable, SecretText(std::move(*value)));
  }
  const auto known = slot(uri);
  const std::lock_guard lock(known->mutex);
  known->source = std::move(source);
  known->fetched.reset();
}

Result<std::string> Secrets::get(const ContextUri& uri) {
  const auto known = slot(uri);
  const std::lock_guard lock(known->mutex);
  if (known->given) return known->given->text();
  if (known->fetched) return known->fetched->text();
  if (!known->source)
    return fail(Errc::not_found, uri.to_string(), "no password is configured",
                "set password_command, password_file, password_env or secret in its profile, or MAPISTORE_PASSWORD");
  std::string secret = MAPISTORE_TRY(fetch(uri, *known->source));
  log::redact(secret);
  const bool is_slow =
      std::holds_alternative<CommandSecret>(*known->source) || std::holds_alternative<DesktopSecret>(*known->source);
  if (is_slow) known->fetched = SecretText(std::string(secret));
  return secret;
}

Result<std::string> Secrets::fetch(const ContextUri& uri, const SecretSource& source) const {
  const auto held_variable = [&](const EnvironmentSecret& environment) -> Result<std::string> {
    const std::lock_guard lock(mutex_);
    const auto found = variables_.find(environment.variable);
    if (found != variables_.end()) return found->second.text();
    return fail(Errc::not_found, uri.to_string(), "environment variable " + environment.variable + " was not set",
                "set it before the start");
  };
  return std::visit(
      Overloaded{held_variable, [](const FileSecret& file) { return read_file(file.path); },
                 [&](const CommandSecret& command) { return run_command(uri, command, limit_); },
                 [&](const DesktopSecret& desktop) { return ask_desktop(desktop, limit_); }},
      source);
}

void Secrets::forget(const ContextUri& uri) {
  const auto known = slot(uri);
  const std::lock_guard lock(known->mutex);
  known->fetched.reset();
}

std::optional<std::string> Secrets::take_from_environment(const char* variable) {
  const std::string prefix = std::string(variable) + '=';
  std::optional<std::string> value;
  for (char** entry = environ; entry && *entry;) {
    char* const text = *entry;
    if (std::strncmp(text, prefix.c_str(), prefix.size()) != 0) {
      ++entry;
      continue;
    }
    if (!value) value = text + prefix.size();
    for (char** rest = entry; *rest; ++rest) rest[0] = rest[1];
    ::explicit_bzero(text, std::strlen(text));
  }
  if (value) log::redact(*value);
  return value;
}

}  // namespace mapistore
