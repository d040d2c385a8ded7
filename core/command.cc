#include "core/command.h"

#include <mapistore/posix.h>

#include <fcntl.h>
#include <poll.h>
#include <csignal>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "core/log.h"
#include "core/secret_text.h"

namespace mapistore {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  posix::UniqueFd reader, writer;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::unexpected(system_error(errno, "pipe"));
  Pipe made{posix::UniqueFd(ends[0]), posix::UniqueFd(ends[1])};
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return made;
}

/// A running program, in a process group of its own. Destroyed, it is ended and reaped.
class Child {
 public:
  static Result<Child> start(const std::string& object, const std::vector<std::string>& arguments, const Pipe& output,
                             const Pipe& errors);
  Child(Child&& other) noexcept : id_(std::exchange(other.id_, -1)), handle_(std::move(other.handle_)) {}
  ~Child() {
    if (id_ < 0) return;
    ::kill(-id_, SIGKILL);
    wait();
  }

  /// Readable once the program has ended.
  int handle() const noexcept { return handle_.get(); }

  /// Waits for the end; true if it was a success.
  bool wait() {
    int status = -1;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) continue;
    id_ = -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

 private:
  explicit Child(pid_t id) : id_(id), handle_(static_cast<int>(::syscall(SYS_pidfd_open, id, 0))) {}

  pid_t id_;
  posix::UniqueFd handle_;
};

Result<Child> Child::start(const std::string& object, const std::vector<std::string>& arguments, const Pipe& output,
                           const Pipe& errors) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output.writer.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, errors.writer.get(), STDERR_FILENO);
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::vector<char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  pid_t id = -1;
  const int error = ::posix_spawnp(&id, pointers.front(), &actions, &attributes, pointers.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error == ENOENT) return fail(Errc::not_found, object, arguments.front() + " is not installed");
  if (error != 0) return std::unexpected(system_error(error, object));
  Child child(id);
  if (child.handle() < 0) return std::unexpected(system_error(errno, object));
  return child;
}

/// One stream of the program, read as it comes. Keeps what fits, drops the rest.
class Stream {
 public:
  explicit Stream(posix::UniqueFd reader) : reader_(std::move(reader)) { kept_.reserve(room); }
  ~Stream() { SecretText::wipe(kept_); }

  /// For poll: negative, thus ignored, after the end.
  int handle() const noexcept { return reader_.get(); }

  /// Reads all that is there now.
  void read() {
    std::array<char, 4096> buffer{};
    while (reader_) {
      const ssize_t count = ::read(reader_.get(), buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && errno == EAGAIN) break;
      if (count <= 0) reader_ = posix::UniqueFd();
      if (count > 0) kept_.append(buffer.data(), std::min(static_cast<std::size_t>(count), room - kept_.size()));
    }
    ::explicit_bzero(buffer.data(), buffer.size());
  }

  const std::string& text() const noexcept { return kept_; }

 private:
  static constexpr std::size_t room = 64 * 1024;

  posix::UniqueFd reader_;
  std::string kept_;
};

/// Collects both streams until the program has ended; false if that took longer than `limit`. What it left running
/// in the background may hold the streams open: only its own end counts.
bool collect(const Child& child, Stream& output, Stream& errors, std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  for (bool ended = false; !ended;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    std::array<pollfd, 3> waits{
        {{output.handle(), POLLIN, 0}, {errors.handle(), POLLIN, 0}, {child.handle(), POLLIN, 0}}};
    if (::poll(waits.data(), waits.size(), static_cast<int>(left.count())) < 0 && errno != EINTR) return false;
    ended = waits[2].revents != 0;
    output.read();
    errors.read();
  }
  return true;
}

std::string first_line(const std::string& text) {
  std::string line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

/// What the program had to say about its failure, in one short line.
std::string complaint(const std::string& errors) {
  constexpr std::size_t longest = 300;
  const std::size_t last = errors.find_last_not_of(" \t\r\n");
  return last == std::string::npos ? std::string() : log::harmless(errors.substr(0, std::min(last + 1, longest)));
}

}  // namespace

Result<std::string> secret_from_command(const std::string& object, const std::vector<std::string>& arguments,
                                        std::chrono::milliseconds limit) {
  Pipe output_pipe = MAPISTORE_TRY(make_pipe());
  Pipe error_pipe = MAPISTORE_TRY(make_pipe());
  Child child = MAPISTORE_TRY(Child::start(object, arguments, output_pipe, error_pipe));
  output_pipe.writer = posix::UniqueFd();
  error_pipe.writer = posix::UniqueFd();
  Stream output(std::move(output_pipe.reader));
  Stream errors(std::move(error_pipe.reader));
  if (!collect(child, output, errors, limit))
    return fail(Errc::timed_out, object,
                "still running after " + std::to_string(limit.count() / 1000) + " s, and was stopped");

  std::string line = first_line(output.text());
  log::redact(line);
  const bool succeeded = child.wait();
  if (succeeded && !line.empty()) return line;
  SecretText::wipe(line);
  const std::string said = complaint(errors.text());
  if (succeeded) return fail(Errc::no_data, object, "wrote nothing", said);
  return fail(said.empty() ? Errc::no_data : Errc::io, object, "failed" + (said.empty() ? "" : ": " + said));
}

}  // namespace mapistore
