#include "mountd/mount_work.h"

#include <mapistore/posix.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <functional>
#include <sstream>

#include "core/log.h"

namespace mapistore::mountd::work {

namespace {

bool write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, text.data(), text.size());
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

std::string link_target(const std::string& path) {
  std::array<char, 4096> buffer{};
  const ssize_t length = ::readlink(path.c_str(), buffer.data(), buffer.size());
  return length > 0 ? std::string(buffer.data(), static_cast<std::size_t>(length)) : std::string{};
}

std::string text_of(const std::string& path) {
  std::string text;
  const posix::UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  std::array<char, 4096> buffer{};
  for (ssize_t count = 0; file && (count = ::read(file.get(), buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(count));
  return text;
}

void for_each_name(const std::string& directory, const std::function<void(const std::string&)>& visit) {
  DIR* stream = ::opendir(directory.c_str());
  if (stream == nullptr) return;
  while (const dirent* entry = ::readdir(stream))
    if (entry->d_name[0] != '.') visit(entry->d_name);
  ::closedir(stream);
}

/// Calls `visit` with /proc/N of every process.
void for_each_process(const std::function<void(const std::string&)>& visit) {
  for_each_name("/proc", [&](const std::string& name) {
    if (std::ranges::all_of(name, [](unsigned char c) { return std::isdigit(c) != 0; })) visit("/proc/" + name);
  });
}

bool is_below(std::string_view path, const std::string& directory) {
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

/// Whether a process has a file, a mapping, its working directory or its root below `directory`. Looks at names alone:
/// a stat of what lies there could hang.
bool uses(const std::string& process, const std::string& directory) {
  for (const char* link : {"/cwd", "/root", "/exe"})
    if (is_below(link_target(process + link), directory)) return true;
  bool found = false;
  const auto look = [&](const std::string& place) {
    for_each_name(
        place, [&](const std::string& name) { found = found || is_below(link_target(place + "/" + name), directory); });
  };
  look(process + "/fd");
  if (!found) look(process + "/map_files");
  return found;
}

std::string name_of(const std::string& process) {
  std::string name = text_of(process + "/comm");
  while (name.ends_with('\n')) name.pop_back();
  return name;
}

std::optional<uid_t> owner_of(const std::string& process) {
  struct stat status{};
  if (::stat(process.c_str(), &status) != 0) return std::nullopt;
  return status.st_uid;
}

/// How long ago a process began. None: it is gone.
std::optional<std::chrono::seconds> age_of(const std::string& process) {
  // proc(5): the name, in parentheses, may hold anything; the 20th field after it is the start, in ticks since boot.
  const std::string text = text_of(process + "/stat");
  std::istringstream fields{text.substr(std::min(text.rfind(')'), text.size() - 1) + 1)};
  std::string skipped;
  for (int i = 1; i < 20; ++i) fields >> skipped;
  timespec now{};
  long long ticks = 0;
  if (text.empty() || !(fields >> ticks) || ::clock_gettime(CLOCK_BOOTTIME, &now) != 0) return std::nullopt;
  return std::chrono::seconds{now.tv_sec - ticks / ::sysconf(_SC_CLK_TCK)};
}

}  // namespace

int read_status(const User& user, const std::filesystem::path& directory) {
  if (!become(user)) return EPERM;
  const posix::UniqueFd file{::open((directory / ".mapistorefs/status").c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) return errno;
  std::array<char, 16 * 1024> buffer{};
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0) return errno;
    if (count == 0) return 0;
    if (!write_all({buffer.data(), static_cast<std::size_t>(count)})) return EPIPE;
  }
}

namespace {

/// For a probe of ours, which has just been ended, to let go of what it was reading.
constexpr int attempts = 20;
constexpr useconds_t between_attempts = 50'000;

/// Runs fusermount3 as the user that this process is by now. Its words go to standard output if `tells`.
int by_fusermount(const std::filesystem::path& directory, bool lazily, bool tells) {
  const pid_t child = ::fork();
  if (child < 0) return errno;
  if (child == 0) {
    const int nowhere = tells ? -1 : ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(tells ? STDOUT_FILENO : nowhere, STDERR_FILENO);
    ::execlp("fusermount3", "fusermount3", lazily ? "-uz" : "-u", "--", directory.c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

}  // namespace

int unmount(const User& user, const std::filesystem::path& directory, Unmount how) {
  const bool lazily = how == Unmount::lazily;
  if (user.id != 0 && !become(user)) return EPERM;
  for (int attempt = 1;; ++attempt) {
    const bool last = lazily || attempt == attempts;
    if (user.id != 0) {
      const int code = by_fusermount(directory, lazily, last);
      if (code == 0 || last) return code;
    } else {
      if (::umount2(directory.c_str(), UMOUNT_NOFOLLOW | (lazily ? MNT_DETACH : 0)) == 0) return 0;
      const int error = errno;
      if (error != EBUSY || last) {
        write_all(std::strerror(error));
        return error;
      }
    }
    ::usleep(between_attempts);
  }
}

Error refused_unmount(const std::filesystem::path& directory, const std::string& users, std::string output) {
  while (output.ends_with('\n')) output.pop_back();
  if (!users.empty())
    return {Errc::busy, directory.native(), "is in use by " + users, "end them, or unmount with --force"};
  return {Errc::busy, directory.native(), "cannot be unmounted: " + (output.empty() ? "no answer" : output),
          "try again, or unmount with --force"};
}

int list_users(const std::filesystem::path& directory) {
  std::string list;
  for_each_process([&](const std::string& process) {
    if (!uses(process, directory.native())) return;
    const auto owner = owner_of(process);
    list += (list.empty() ? "" : ", ") + log::harmless(name_of(process)) + " (process " +
            process.substr(sizeof("/proc")) + (owner ? " of " + user_of(*owner).name : "") + ")";
  });
  return write_all(list) ? 0 : EPIPE;
}

int find_daemons(const User& user, const std::vector<std::string>& arguments) {
  std::string wanted, list;
  for (const std::string& argument : arguments) wanted += argument + '\0';
  for_each_process([&](const std::string& process) {
    if (owner_of(process) == user.id || owner_of(process) == 0)
      if (text_of(process + "/cmdline") == wanted) list += process.substr(sizeof("/proc")) + "\n";
  });
  return write_all(list) ? 0 : EPIPE;
}

bool is_mountd_starting(uid_t user) {
  constexpr std::string_view kernel_name = "mapistore-mount";  // the kernel keeps 15 characters
  constexpr std::chrono::seconds young{5};
  bool found = false;
  for_each_process([&](const std::string& process) {
    if (found || owner_of(process) != user || name_of(process) != kernel_name) return;
    const auto age = age_of(process);
    found = age && *age <= young;
  });
  return found;
}

}  // namespace mapistore::mountd::work
