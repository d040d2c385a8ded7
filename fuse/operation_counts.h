#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace mapistore::fs {

/// The kinds of requests that are told apart.
enum class Operation : std::uint8_t {
  lookup,
  getattr,
  setattr,
  access,
  open,
  create,
  read,
  write,
  flush,
  fsync,
  release,
  copy,
  allocate,
  opendir,
  readdir,
  statfs,
  mkdir,
  rmdir,
  unlink,
  rename,
  getxattr,
  setxattr,
  readlink,
};
inline constexpr std::array<std::string_view, 23> operation_names{
    "lookup", "getattr", "setattr", "access", "open",     "create",   "read",    "write",
    "flush",  "fsync",   "release", "copy",   "allocate", "opendir",  "readdir", "statfs",
    "mkdir",  "rmdir",   "unlink",  "rename", "getxattr", "setxattr", "readlink"};

/// How often each was asked for, how long the answer took, how many failed, for whoever watches. Thread-safe; adding
/// costs a few nanoseconds, and orders nothing.
class OperationCounts {
 public:
  using Clock = std::chrono::steady_clock;

  /// One request on the way to its answer, on the thread that works on it. Counted when it ends, unless another thread
  /// goes on with it.
  class Ongoing {
   public:
    Ongoing(OperationCounts& counts, Operation kind) noexcept : Ongoing{counts, kind, Clock::now()} {}
    Ongoing(const Ongoing&) = delete;
    ~Ongoing();

    /// Where another thread takes it up again.
    struct Rest {
      Operation kind = Operation::lookup;
      Clock::time_point begun{};
    };
    Ongoing(OperationCounts& counts, const Rest& rest) noexcept : Ongoing{counts, rest.kind, rest.begun} {}
    /// Hands over what this thread works on: from now on the rest counts.
    static Rest hand_over() noexcept;
    /// What this thread works on ends as a failure; if it works on one.
    static void fail() noexcept;

   private:
    Ongoing(OperationCounts& counts, Operation kind, Clock::time_point begun) noexcept;

    OperationCounts& counts_;
    Operation kind_;
    Clock::time_point begun_;
    bool failed_ = false, handed_over_ = false;
    Ongoing* outer_;
  };

  void add_read(std::size_t bytes) noexcept { read_.fetch_add(bytes, std::memory_order_relaxed); }
  void add_written(std::size_t bytes) noexcept { written_.fetch_add(bytes, std::memory_order_relaxed); }

  /// Puts "bytes", "latency_bounds" (seconds) and "operations" into `status`; what was never asked for is left out.
  void write(nlohmann::ordered_json& status) const;

 private:
  /// Upper bounds of the buckets; one more is for what took longer.
  static constexpr std::array<std::chrono::microseconds, 6> bounds{
      std::chrono::microseconds{100}, std::chrono::milliseconds{1}, std::chrono::milliseconds{10},
      std::chrono::milliseconds{100}, std::chrono::seconds{1},      std::chrono::seconds{10}};
  struct Count {
    std::atomic<std::uint64_t> failed = 0, nanoseconds = 0;
    std::array<std::atomic<std::uint64_t>, bounds.size() + 1> buckets{};
  };

  void add(Operation kind, Clock::duration took, bool failed) noexcept;

  std::array<Count, operation_names.size()> counts_;
  std::atomic<std::uint64_t> read_ = 0, written_ = 0;
};

}  // namespace mapistore::fs
