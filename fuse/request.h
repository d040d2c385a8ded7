#pragma once

#include <fuse3/fuse_lowlevel.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>

#include <mapistore/call.h>

#include "core/mutex.h"
#include "fuse/reply_gate.h"

namespace mapistore::fs {

/// One kernel request that may have to wait. Exactly one of those who could answer it does: who wins `claim`.
class Request {
 public:
  /// Whether giving up early is safe at any time, or only once the medium has had a chance to stop.
  /// `commits`: a change whose work runs even when it was given up before it began, to say what became of the bytes.
  /// `waits`: for as much as there is to do; what it asks media for has deadlines of its own.
  enum class Effect : std::uint8_t { reads, changes, commits, waits };

  /// `object` names what the request is about, for the log.
  Request(fuse_req_t raw, std::chrono::steady_clock::time_point deadline, Effect effect, std::string object)
      : raw_{raw}, deadline_{deadline}, effect_{effect}, object_{std::move(object)} {}

  const std::string& object() const noexcept { return object_; }
  /// True for the first caller only, who must then answer with one fuse_reply_ call.
  bool claim() noexcept { return !answered_.exchange(true); }
  fuse_req_t raw() const noexcept { return raw_; }
  Effect effect() const noexcept { return effect_; }
  std::chrono::steady_clock::time_point deadline() const noexcept { return deadline_; }
  Call call() const { return {deadline_, stop_.get_token()}; }
  void cancel() { stop_.request_stop(); }

  /// Answers an error, if nobody has answered yet; true if so.
  bool fail(int error_number);

 private:
  fuse_req_t raw_;
  std::chrono::steady_clock::time_point deadline_;
  Effect effect_;
  std::string object_;
  std::atomic<bool> answered_ = false;
  std::stop_source stop_;
};

/// The waiting requests: ends each at its deadline or when its process is interrupted, however stuck its medium is.
///
/// A signal need not mean that: runtimes stop their own threads by signals (Go's SIGURG, several a second), and the
/// kernel tells of those as of any. So what a medium is about to answer is waited for; `waits` is ended at once.
///
/// Thread-safe. One thread of its own, which sleeps while nothing waits.
class RequestTable {
 public:
  /// `late` hears of each request that was ended at its deadline; on the table's thread.
  RequestTable(ReplyGate& gate, std::function<void(const Request&)> late);
  ~RequestTable();
  RequestTable(const RequestTable&) = delete;
  RequestTable& operator=(const RequestTable&) = delete;

  std::shared_ptr<Request> begin(fuse_req_t raw, std::chrono::nanoseconds limit, Request::Effect effect,
                                 std::string object);
  void end(const Request& request);
  std::size_t count() const noexcept { return count_; }
  /// For fuse_req_interrupt_func: the process that made the request is being interrupted.
  void interrupt(std::uint64_t number);

 private:
  struct Waiting {
    std::shared_ptr<Request> request;
    std::chrono::steady_clock::time_point due;  ///< when its answer is forced
    int error_number;                           ///< and what it then is
    std::chrono::steady_clock::time_point cancel_at = std::chrono::steady_clock::time_point::max();
  };
  /// From `now` on the answer is EINTR, and forced soon; for reads at once.
  static void give_up(Waiting& waiting, std::chrono::steady_clock::time_point now);
  void run(const std::stop_token& stop);

  ReplyGate& gate_;
  std::function<void(const Request&)> late_;
  std::atomic<std::size_t> count_ = 0;  ///< of waiting_
  Mutex mutex_{LockRank::requests};
  std::condition_variable_any changed_;
  std::map<std::uint64_t, Waiting> waiting_ MAPISTORE_GUARDED_BY(mutex_);
  std::unordered_map<const Request*, std::uint64_t> numbers_ MAPISTORE_GUARDED_BY(mutex_);
  std::uint64_t last_number_ MAPISTORE_GUARDED_BY(mutex_) = 0;
  std::chrono::steady_clock::time_point next_due_ MAPISTORE_GUARDED_BY(mutex_) =
      std::chrono::steady_clock::time_point::max();
  std::jthread thread_;
};

}  // namespace mapistore::fs
