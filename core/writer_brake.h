#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/replica.h"

namespace mapistore {

/// Slows down who changes a context, as long as it lives and a medium that is to have the same cannot follow.
///
/// For one thread, with one of its own that looks on while a pass is under way: a pass that takes minutes would else
/// leave one behind that takes hours.
class WriterBrake {
 public:
  /// `pause`: what each change waits, kept for the next brake.
  WriterBrake(LiveContext& context, Index& index, const Replica& replica, std::chrono::milliseconds& pause);
  WriterBrake(const WriterBrake&) = delete;
  WriterBrake& operator=(const WriterBrake&) = delete;
  ~WriterBrake();

  /// A pass begins; what changes after `change` is for the next one.
  void begin(std::uint64_t change);
  /// It has done so much, and left so much to the next one.
  void end(std::uint64_t done, std::uint64_t to_do, std::chrono::duration<double> took);

 private:
  void watch(const std::stop_token& stop);
  void adapt(std::uint64_t done, std::uint64_t to_do, std::chrono::duration<double> took);

  LiveContext& context_;
  Index& index_;
  const Replica& replica_;
  std::chrono::milliseconds& pause_;
  std::mutex mutex_;  ///< rank: leaf; guards pause_ and change_
  std::condition_variable_any changed_;
  std::uint64_t change_ = 0;  ///< zero: no pass is under way
  std::jthread watcher_;
};

}  // namespace mapistore
