#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

#include <mapistore/host.h>

namespace mapistore {

/// The latest failures, for `.mapistorefs/errors`. Thread-safe; lock rank: leaf.
class MAPISTORE_API ErrorsLog {
 public:
  static constexpr std::size_t capacity = 256;

  /// `host` logs and tells the time.
  explicit ErrorsLog(Host& host) : host_(host) {}
  ErrorsLog(const ErrorsLog&) = delete;

  /// Keeps `error`, forgetting the oldest beyond `capacity`, and logs it as one line. One failure may be told by each
  /// who passes it on: what equals the newest and follows it at once is not told again.
  void record(const Error& error, LogLevel level = LogLevel::warning);

  /// One line each, the newest last: `2026-11-24T08:15:00.123Z not_found OBJECT: what: what to do`. No secrets.
  std::string text() const;

  /// How many were recorded since the start, forgotten ones included.
  std::uint64_t count() const;

 private:
  struct Failure {
    Time when;
    Error error;
  };

  Host& host_;
  mutable std::mutex mutex_;
  std::deque<Failure> failures_;
  std::uint64_t count_ = 0;
};

}  // namespace mapistore
