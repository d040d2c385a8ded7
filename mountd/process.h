#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>

#include "mountd/event_loop.h"

namespace mapistore::mountd {

/// A running process that is waited for. Destroyed, it runs on, and is reaped all the same once it ends.
class Process {
 public:
  /// Called once, when it has ended: with the status of waitpid(2), or none if it was not our child.
  using Ended = std::function<void(std::optional<int> status)>;

  /// Forks. The child has no signal blocked or handled, a session of its own, and runs `work`, whose result is its exit
  /// code; it may do what it likes, as long as this process has one thread.
  static Result<Process> fork(EventLoop& loop, const std::function<int()>& work, Ended ended);
  /// Waits for a process that another has started. Errc::not_found: it is gone already.
  static Result<Process> adopt(EventLoop& loop, pid_t id, Ended ended);

  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process();

  pid_t id() const noexcept;
  /// Sends a signal; nothing once it has ended, even if its number is another's by then.
  void signal(int number) const noexcept;

 private:
  struct State;
  explicit Process(std::shared_ptr<State> state);
  static Result<Process> watch(EventLoop& loop, pid_t id, bool child, Ended ended);

  std::shared_ptr<State> state_;
};

/// How a process ended, for people: "exit code 78 (wrong configuration)", "signal 11 (Segmentation fault)".
std::string describe_end(std::optional<int> status);

}  // namespace mapistore::mountd
