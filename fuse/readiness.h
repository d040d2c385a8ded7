#pragma once

#include <mapistore/result.h>

namespace mapistore::fs {

/// Lets the command wait in the foreground until the daemon behind it answers, or has failed.
///
/// Before any thread is started.
class Readiness {
 public:
  /// Forks, unless `foreground`. The parent does not return: it waits, prints the daemon's error if there is one, and
  /// exits. The child returns, detached from the terminal.
  static Readiness fork(bool foreground);
  ~Readiness();
  Readiness(Readiness&& other) noexcept;
  Readiness& operator=(Readiness&&) = delete;

  /// The mount answers: the parent may go, and standard streams with it.
  void ready() noexcept;
  /// Tells the error, by the parent or, in the foreground, directly. Returns the exit code.
  int failed(const Error& error) noexcept;

 private:
  explicit Readiness(int pipe) noexcept : pipe_{pipe} {}

  int pipe_;  ///< to the parent; -1: there is none
};

}  // namespace mapistore::fs
