#include "mountd/process.h"

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace mapistore::mountd {

namespace {

int open_process(pid_t id) { return static_cast<int>(::syscall(SYS_pidfd_open, id, 0)); }

void reset_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGPIPE, SIGTERM, SIGINT, SIGHUP}) ::signal(number, SIG_DFL);
}

std::string_view meaning(int exit_code) {
  switch (exit_code) {
    case EX_USAGE: return " (wrong usage)";
    case EX_DATAERR: return " (bad data)";
    case EX_NOINPUT: return " (no such directory, profile or medium)";
    case EX_UNAVAILABLE: return " (unavailable)";
    case EX_CANTCREAT: return " (cannot create)";
    case EX_IOERR: return " (input or output error)";
    case EX_NOPERM: return " (no permission)";
    case EX_CONFIG: return " (wrong configuration)";
    default: return "";
  }
}

}  // namespace

/// Shared by the handle and by the loop's handler, which holds it for as long as the process runs.
struct Process::State {
  pid_t id;
  bool child;
  posix::UniqueFd handle;
  Ended ended;
  EventLoop::Token token;
};

Process::Process(std::shared_ptr<State> state) : state_{std::move(state)} {}
Process::Process(Process&& other) noexcept = default;

Process& Process::operator=(Process&& other) noexcept {
  state_.swap(other.state_);
  return *this;
}

Process::~Process() {
  if (state_) state_->ended = nullptr;
}

pid_t Process::id() const noexcept { return state_->id; }

void Process::signal(int number) const noexcept {
  if (state_->handle) ::syscall(SYS_pidfd_send_signal, state_->handle.get(), number, nullptr, 0);
}

Result<Process> Process::fork(EventLoop& loop, const std::function<int()>& work, Ended ended) {
  const pid_t id = ::fork();
  if (id < 0) return std::unexpected(system_error(errno, "fork"));
  if (id == 0) {
    ::setsid();
    reset_signals();
    ::_exit(work());
  }
  auto process = watch(loop, id, true, std::move(ended));
  if (!process) {
    ::kill(id, SIGKILL);
    ::waitpid(id, nullptr, 0);
  }
  return process;
}

Result<Process> Process::adopt(EventLoop& loop, pid_t id, Ended ended) {
  return watch(loop, id, false, std::move(ended));
}

Result<Process> Process::watch(EventLoop& loop, pid_t id, bool child, Ended ended) {
  posix::UniqueFd handle{open_process(id)};
  if (!handle) return std::unexpected(system_error(errno == ESRCH ? ENOENT : errno, "process " + std::to_string(id)));
  auto state = std::make_shared<State>(id, child, std::move(handle), std::move(ended));
  auto token = loop.watch(state->handle.get(), EPOLLIN, [state](std::uint32_t) {
    int status = 0;
    const bool reaped = state->child && ::waitpid(state->id, &status, WNOHANG) == state->id;
    state->token.reset();
    state->handle = posix::UniqueFd{};
    if (const Ended tell = std::exchange(state->ended, nullptr)) tell(reaped ? std::optional{status} : std::nullopt);
  });
  if (!token) return std::unexpected(std::move(token).error());
  state->token = *std::move(token);
  return Process{std::move(state)};
}

std::string describe_end(std::optional<int> status) {
  if (!status) return "an end that nobody saw, as it was started by an earlier mountd";
  if (WIFSIGNALED(*status)) {
    const int number = WTERMSIG(*status);
    return "signal " + std::to_string(number) + " (" + ::strsignal(number) + ")";
  }
  const int code = WEXITSTATUS(*status);
  return "exit code " + std::to_string(code) + std::string(meaning(code));
}

}  // namespace mapistore::mountd
