#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "mountd/process.h"

namespace mapistore::mountd {

/// A piece of work that may hang, done by a child process, so that nobody hangs with it.
///
/// Destroyed, it is killed, and its end no longer told. A child that not even a signal ends (one that waits for a mount
/// that hangs) is left to the kernel.
class Job {
 public:
  struct End {
    bool in_time = false;
    int code = -1;       ///< the exit code; 128 + N after signal N
    std::string output;  ///< what it wrote to standard output, up to a mebibyte
    bool succeeded() const noexcept { return in_time && code == 0; }
  };
  using Ended = std::function<void(End)>;

  /// Runs `work` in a child with no descriptor but the standard ones, and calls `ended` when it has ended or `limit`
  /// has passed. `ended` may destroy the job.
  static Result<std::unique_ptr<Job>> start(EventLoop& loop, const std::function<int()>& work,
                                            std::chrono::milliseconds limit, Ended ended);
  Job(const Job&) = delete;
  ~Job();

 private:
  Job(posix::UniqueFd output, Ended ended);
  void read();
  void finish(bool in_time, int code);

  posix::UniqueFd output_;
  Ended ended_;
  End end_;
  EventLoop::Token readable_, limit_;
  std::unique_ptr<Process> process_;
};

}  // namespace mapistore::mountd
