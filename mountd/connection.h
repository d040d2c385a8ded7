#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "mountd/event_loop.h"

namespace mapistore::mountd {

/// One accepted connection: bytes in, bytes out, never waiting. One thread.
class Connection {
 public:
  /// Called with all that has come and was not taken. What is taken is removed from it.
  using Input = std::function<void(std::string& received)>;
  using Closed = std::function<void()>;

  /// Takes what comes until more than `longest` bytes wait to be taken, or nothing was said for `idle`; either ends it.
  /// `closed` may destroy the connection; neither is called from within `start`, `send` or `finish`.
  static Result<std::unique_ptr<Connection>> start(EventLoop& loop, posix::UniqueFd socket, std::size_t longest,
                                                   std::chrono::seconds idle, Input input, Closed closed);
  Connection(const Connection&) = delete;

  /// Sends `text` as the other side takes it.
  void send(std::string_view text);
  /// Ends the connection once all has been sent.
  void finish();
  /// While paused, nothing is read. Going on looks at what has come already.
  void pause();
  void go_on();

 private:
  Connection(EventLoop& loop, posix::UniqueFd socket, std::size_t longest, std::chrono::seconds idle, Input input,
             Closed closed);
  void on_events(std::uint32_t events);
  bool read();
  bool write();
  void take_input();
  void wait_again();
  void close();

  EventLoop& loop_;
  posix::UniqueFd socket_;
  std::size_t longest_;
  std::chrono::seconds idle_;
  Input input_;
  Closed closed_;
  EventLoop::Token events_, idle_timer_, soon_;
  std::string received_, to_send_;
  bool paused_ = false, finishing_ = false;
};

/// Accepts whoever connects to `listener`, which does not block, and hands over each socket.
Result<EventLoop::Token> accept_all(EventLoop& loop, int listener, std::function<void(posix::UniqueFd)> accepted);

}  // namespace mapistore::mountd
