#include "fuse/readiness.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "core/exit_code.h"
#include "core/log.h"

namespace mapistore::fs {

namespace {

void print(const std::string& line) { std::fprintf(stderr, "mapistorefs: %s\n", line.c_str()); }

/// Waits for the child's word: nothing but a zero byte, or an exit code and a line.
[[noreturn]] void wait_as_parent(int pipe, pid_t child) {
  std::string word;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t count = ::read(pipe, buffer.data(), buffer.size());
    if (count == 0 || (count < 0 && errno != EINTR)) break;
    if (count > 0) word.append(buffer.data(), static_cast<std::size_t>(count));
    if (!word.empty() && word.front() == 0) std::_Exit(0);
  }
  if (!word.empty()) {
    print(word.substr(1));
    std::_Exit(static_cast<unsigned char>(word.front()));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  print("the daemon ended before its mount answered: run it with -f to see why");
  std::_Exit(EX_SOFTWARE);
}

}  // namespace

Readiness Readiness::fork(bool foreground) {
  int ends[2] = {-1, -1};
  if (foreground || ::pipe2(ends, O_CLOEXEC) != 0) return Readiness{-1};
  const pid_t child = ::fork();
  if (child < 0) {
    ::close(ends[0]);
    ::close(ends[1]);
    return Readiness{-1};
  }
  if (child > 0) {
    ::close(ends[1]);
    wait_as_parent(ends[0], child);
  }
  ::close(ends[0]);
  ::setsid();
  static_cast<void>(!::chdir("/"));
  return Readiness{ends[1]};
}

Readiness::Readiness(Readiness&& other) noexcept : pipe_{std::exchange(other.pipe_, -1)} {}

Readiness::~Readiness() {
  if (pipe_ >= 0) ::close(pipe_);
}

void Readiness::ready() noexcept {
  if (pipe_ < 0) return;
  // Whoever reads the command's output must see its end.
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nothing >= 0)
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing, stream);
  if (nothing > STDERR_FILENO) ::close(nothing);
  static_cast<void>(!::write(pipe_, "\0", 1));
  ::close(std::exchange(pipe_, -1));
}

int Readiness::failed(const Error& error) noexcept {
  const int code = exit_code(error.code);
  const std::string line = log::harmless(error.to_string());
  if (pipe_ < 0) {
    print(line);
    return code;
  }
  const std::string word = static_cast<char>(code) + line;
  static_cast<void>(!::write(pipe_, word.data(), word.size()));
  ::close(std::exchange(pipe_, -1));
  return code;
}

}  // namespace mapistore::fs
