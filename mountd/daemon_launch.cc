#include "mountd/daemon_launch.h"

#include <fcntl.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>

#include "core/log.h"

namespace mapistore::mountd {

namespace {

/// What the service manager tells us, and means for us alone.
constexpr std::array<std::string_view, 6> our_own{"NOTIFY_SOCKET",  "LISTEN_FDS",    "LISTEN_PID",
                                                  "LISTEN_FDNAMES", "WATCHDOG_USEC", "WATCHDOG_PID"};
/// What of our environment the daemon of another user is given.
constexpr std::array<std::string_view, 7> for_others{
    "PATH", "LANG", "LC_ALL", "TZ", "JOURNAL_STREAM", "MAPISTORE_BACKEND_PATH", "MAPISTORE_LOG"};

std::map<std::string, std::string> environment_of(const WantedMount& mount) {
  std::map<std::string, std::string> variables;
  const bool other = mount.user.id != ::geteuid();
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    const std::span<const std::string_view> list = other ? std::span<const std::string_view>{for_others} : our_own;
    const bool listed = std::ranges::find(list, name) != list.end();
    if (name.size() < text.size() && listed == other) variables.emplace(name, text.substr(name.size() + 1));
  }
  if (other) {
    variables["HOME"] = mount.user.home;
    variables["USER"] = variables["LOGNAME"] = mount.user.name;
    const std::string runtime = "/run/user/" + std::to_string(mount.user.id);
    if (::access(runtime.c_str(), F_OK) == 0) variables["XDG_RUNTIME_DIR"] = runtime;
  }
  for (const auto& [name, value] : mount.environment) variables[name] = value;
  return variables;
}

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

std::vector<std::string> daemon_arguments(const std::string& program, const WantedMount& mount) {
  std::vector<std::string> arguments{program, "-f"};
  if (!mount.options.empty()) arguments.insert(arguments.end(), {"-o", mount.options});
  arguments.insert(arguments.end(), {mount.source, mount.directory.native()});
  return arguments;
}

int run_daemon(const std::vector<std::string>& arguments, const WantedMount& mount) {
  std::vector<std::string> environment;
  for (const auto& [name, value] : environment_of(mount)) environment.push_back(name + "=" + value);
  if (!become(mount.user)) {
    std::fprintf(stderr, "mapistore-mountd: %s: cannot become user %s: run mountd as root\n", mount.name.c_str(),
                 mount.user.name.c_str());
    return EX_NOPERM;
  }
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing >= 0) ::dup2(nothing, STDIN_FILENO);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  if (::chdir("/") != 0) return EX_OSERR;
  ::execvpe(arguments.front().c_str(), pointers_to(arguments).data(), pointers_to(environment).data());
  std::fprintf(stderr, "mapistore-mountd: %s: cannot be started: %s\n", arguments.front().c_str(),
               std::strerror(errno));
  return EX_UNAVAILABLE;
}

std::string daemon_program() {
  constexpr const char* name = "mapistorefs";
  if (const char* named = ::secure_getenv("MAPISTOREFS"); named != nullptr && *named != '\0') return named;
  std::error_code error;
  const auto beside = std::filesystem::read_symlink("/proc/self/exe", error).replace_filename(name);
  return ::access(beside.c_str(), X_OK) == 0 ? beside.native() : name;
}

}  // namespace mapistore::mountd
