#pragma once

#include <mapistore/posix.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include <mapistore/result.h>

namespace mapistore::mountd {

/// Waits for descriptors and times, and calls who asked for them. One thread; sleeps when there is nothing to do.
class EventLoop {
 public:
  using Clock = std::chrono::steady_clock;
  using Handler = std::function<void(std::uint32_t events)>;

  /// Something that is waited for, until it is destroyed; its handler may do that. The loop outlives it.
  class Token {
   public:
    Token() = default;
    Token(Token&& other) noexcept : loop_{std::exchange(other.loop_, nullptr)}, id_{other.id_} {}
    Token& operator=(Token&& other) noexcept {
      std::swap(loop_, other.loop_);
      std::swap(id_, other.id_);
      return *this;
    }
    ~Token() { reset(); }
    void reset() noexcept {
      if (EventLoop* loop = std::exchange(loop_, nullptr)) loop->forget(id_);
    }
    explicit operator bool() const noexcept { return loop_ != nullptr; }

   private:
    friend class EventLoop;
    Token(EventLoop* loop, std::uint64_t id) noexcept : loop_{loop}, id_{id} {}
    EventLoop* loop_ = nullptr;
    std::uint64_t id_ = 0;
  };

  static Result<std::unique_ptr<EventLoop>> create();
  EventLoop(const EventLoop&) = delete;
  ~EventLoop();

  /// Calls `handler` whenever `descriptor` is ready for `events` (epoll_ctl(2)). The descriptor stays the caller's, and
  /// open until the token is gone. Errc::no_memory and the like: the kernel refused.
  Result<Token> watch(int descriptor, std::uint32_t events, Handler handler);
  /// Waits for other events of a descriptor that is watched.
  void change(const Token& token, std::uint32_t events);
  /// Calls `work` once, when `delay` has passed.
  Token after(Clock::duration delay, std::function<void()> work);

  /// Calls handlers until `stop`.
  Result<> run();
  void stop() noexcept { stopped_ = true; }

 private:
  struct Watched {
    int descriptor;
    std::shared_ptr<Handler> handler;  ///< shared with the call of it, which may end the watch
  };
  struct Timed {
    std::uint64_t id;
    std::function<void()> work;
  };

  explicit EventLoop(posix::UniqueFd poll) : poll_{std::move(poll)} {}
  void forget(std::uint64_t id) noexcept;
  void run_due();
  int time_to_wait() const;

  posix::UniqueFd poll_;
  std::map<std::uint64_t, Watched> watched_;
  std::multimap<Clock::time_point, Timed> timed_;
  std::uint64_t last_id_ = 0;
  bool stopped_ = false;
};

}  // namespace mapistore::mountd
