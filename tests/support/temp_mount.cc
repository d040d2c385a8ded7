#include "tests/support/temp_mount.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <mapistore/posix.h>

namespace mapistore::testing {

namespace {

/// What the cleaner does once its standard input ends. Mounts go first, the deepest before what it lies in; a daemon
/// that hangs would keep even a lazy unmount's caller waiting, so it ends before.
constexpr const char* clean_up = R"(cat >/dev/null
for pid in $(cat "$1/pids" 2>/dev/null); do
  case $(readlink "/proc/$pid/exe") in */mapistorefs* | */mapistore-mountd*) kill -9 "$pid" ;; esac
done
awk -v below="$1/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
  while read -r point; do umount -l "$point" || fusermount3 -u -z "$point"; done
chmod -R u+rwx "$1"
rm -rf --one-file-system "$1")";

int write_through(const std::filesystem::path& path, std::string_view bytes, int flags) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
  if (fd < 0) return errno;
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0) {
      const int error = errno;
      ::close(fd);
      return error;
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return ::close(fd) == 0 ? 0 : errno;
}

nlohmann::json parsed(const std::string& text) { return nlohmann::json::parse(text, nullptr, false); }

}  // namespace

Outcome run(const std::string& command, std::chrono::seconds limit) {
  Outcome outcome;
  const std::string guarded = "exec </dev/null 2>&1; exec timeout -s KILL " + std::to_string(limit.count()) +
                              " /bin/sh -c " + shell_word(command);
  FILE* pipe = ::popen(guarded.c_str(), "re");
  if (pipe == nullptr) return outcome;
  char buffer[65536];
  for (std::size_t count = 0; (count = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    outcome.output.append(buffer, count);
  const int status = ::pclose(pipe);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

std::string shell_word(const std::filesystem::path& text) {
  std::string word = "'";
  for (const char c : text.native()) c == '\'' ? word += "'\\''" : word += c;
  return word + "'";
}

int write_file(const std::filesystem::path& path, std::string_view bytes) {
  return write_through(path, bytes, O_TRUNC);
}

int append_file(const std::filesystem::path& path, std::string_view bytes) {
  return write_through(path, bytes, O_APPEND);
}

int set_xattr(const std::filesystem::path& path, const std::string& name, std::string_view value) {
  return ::setxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0) == 0 ? 0 : errno;
}

int remove_xattr(const std::filesystem::path& path, const std::string& name) {
  return ::removexattr(path.c_str(), name.c_str()) == 0 ? 0 : errno;
}

std::optional<std::string> read_file(const std::filesystem::path& path) {
  const posix::UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.get() < 0) return std::nullopt;
  std::string bytes, buffer(1 << 16, '\0');
  for (;;) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0) return std::nullopt;
    if (count == 0) return bytes;
    bytes.append(buffer, 0, static_cast<std::size_t>(count));
  }
}

std::optional<std::string> xattr(const std::filesystem::path& path, const std::string& name) {
  std::string value(65536, '\0');
  const ssize_t size = ::getxattr(path.c_str(), name.c_str(), value.data(), value.size());
  if (size < 0) return std::nullopt;
  value.resize(static_cast<std::size_t>(size));
  return value;
}

struct stat stat_of(const std::filesystem::path& path) {
  struct stat status {};
  static_cast<void>(::lstat(path.c_str(), &status));
  return status;
}

bool is_there(const std::filesystem::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

std::vector<std::string> names_in(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  DIR* stream = ::opendir(directory.c_str());
  if (stream == nullptr) return names;
  while (const dirent* entry = ::readdir(stream))
    if (const std::string_view name = entry->d_name; name != "." && name != "..") names.emplace_back(name);
  ::closedir(stream);
  std::ranges::sort(names);
  return names;
}

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (;;) {
    if (condition()) return true;
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

bool is_running(pid_t pid) {
  const auto state = read_file("/proc/" + std::to_string(pid) + "/stat");
  return state && state->find(") Z ") == std::string::npos;
}

Sandbox::Sandbox() {
  ::umask(022);
  std::string pattern = (std::filesystem::temp_directory_path() / "mapistore-mount-XXXXXX").native();
  int ends[2] = {-1, -1};
  if (::mkdtemp(pattern.data()) == nullptr || ::pipe2(ends, O_CLOEXEC) != 0) std::abort();
  path_ = std::filesystem::canonical(pattern);
  ::chmod(path_.c_str(), 0755);
  alive_ = ends[1];
  cleaner_ = ::fork();
  if (cleaner_ == 0) {
    ::setsid();  // outlives what ends the test's process group
    ::dup2(ends[0], STDIN_FILENO);
    const int nothing = ::open("/dev/null", O_WRONLY);
    if (nothing < 0) ::_exit(126);
    ::dup2(nothing, STDOUT_FILENO);
    ::dup2(nothing, STDERR_FILENO);
    ::execl("/bin/sh", "sh", "-c", clean_up, "sh", path_.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(ends[0]);
  for (const char* name : {"state", "cache", "config", "home"}) make_directory(name);
}

Sandbox::~Sandbox() {
  ::close(alive_);
  ::waitpid(cleaner_, nullptr, 0);
  EXPECT_FALSE(is_there(path_)) << "left behind";
}

std::filesystem::path Sandbox::make_directory(std::string_view name) const {
  std::filesystem::create_directories(path_ / name);
  return path_ / name;
}

std::string Sandbox::environment() const {
  return "HOME=" + shell_word(path_ / "home") + " XDG_STATE_HOME=" + shell_word(path_ / "state") +
         " XDG_CACHE_HOME=" + shell_word(path_ / "cache") + " XDG_CONFIG_HOME=" + shell_word(path_ / "config") +
         " MAPISTORE_BACKEND_PATH=" + shell_word(MAPISTORE_BUILD_DIR "/backends");
}

std::string Sandbox::program() const {
  return environment() + " " + shell_word(MAPISTORE_BUILD_DIR "/fuse/mapistorefs");
}
std::string Sandbox::control_program() const {
  return environment() + " " + shell_word(MAPISTORE_BUILD_DIR "/mountd/mapistorectl");
}

void Sandbox::note_process(pid_t pid) const { append_file(path_ / "pids", std::to_string(pid) + "\n"); }

TempMount::TempMount(const Sandbox& sandbox, std::string source, std::string options, std::string_view name,
                     bool await_ready)
    : sandbox_{sandbox},
      source_{std::move(source)},
      options_{std::move(options)},
      path_{sandbox.make_directory(name)} {
  const Outcome outcome = start();
  if (outcome.code != 0) throw std::runtime_error("mount of " + source_ + " failed: " + outcome.output);
  EXPECT_TRUE(await_ready ? wait_ready() : true) << status();
}

TempMount::~TempMount() {
  if (pid_ == 0) return;
  if (unmount().code != 0) kill9();
}

Outcome TempMount::start() {
  Outcome outcome = run(sandbox_.program() + (options_.empty() ? "" : " -o " + shell_word(options_)) + " " +
                        shell_word(source_) + " " + shell_word(path_));
  if (outcome.code != 0) return outcome;
  const auto json = parsed(status());
  pid_ = json.is_object() ? json.value("pid", 0) : 0;
  EXPECT_GT(pid_, 0) << "no status: " << status();
  sandbox_.note_process(pid_);
  return outcome;
}

Outcome TempMount::unmount() {
  Outcome outcome = run("fusermount3 -u " + shell_word(path_), std::chrono::seconds{20});
  if (outcome.code == 0) wait_for_end();
  return outcome;
}

void TempMount::wait_for_end() {
  EXPECT_TRUE(eventually([&] { return !is_running(pid_); }, std::chrono::seconds{20})) << "the daemon stays";
  pid_ = 0;
}

void TempMount::kill9() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  wait_for_end();
}

bool TempMount::remount() {
  if (pid_ > 0)
    if (const Outcome ended = unmount(); ended.code != 0) ADD_FAILURE() << ended.output;
  const Outcome started = start();
  EXPECT_EQ(started.code, 0) << started.output;
  return started.code == 0 && wait_ready();
}

bool TempMount::wait_ready(std::chrono::seconds limit) const {
  return eventually(
      [&] {
        const auto json = parsed(status());
        return json.is_object() && std::ranges::all_of(json["contexts"], [](const auto& context) {
                 return context["state"] == "ready";
               });
      },
      limit);
}

bool TempMount::context_is(std::string_view name, std::string_view state) const {
  const auto json = parsed(status());
  return json.is_object() && std::ranges::any_of(json["contexts"], [&](const auto& context) {
           return context["name"] == name && context["state"] == state;
         });
}

std::string TempMount::status() const { return read_file(path_ / ".mapistorefs/status").value_or(""); }
std::string TempMount::errors() const { return read_file(path_ / ".mapistorefs/errors").value_or(""); }

}  // namespace mapistore::testing
