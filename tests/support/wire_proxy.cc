#include "tests/support/wire_proxy.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <future>
#include <system_error>
#include <utility>

#include "tests/support/loopback.h"

namespace mapistore::testing {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t queue_limit = std::size_t{64} << 20;

}  // namespace

struct WireProxy::Cut {
  Direction direction;
  std::uint64_t bytes;                     ///< that still pass
  std::string pattern;                     ///< empty once it has passed
  const Connection* connection = nullptr;  ///< that will be cut, once this is known
};

/// One direction of a connection.
struct WireProxy::Pipe {
  struct Chunk {
    Clock::time_point due;
    std::string bytes;  ///< empty: the end of the stream
    std::size_t sent = 0;
    bool cut = false;  ///< an end that is a cut
  };

  Direction direction;
  posix::UniqueFd& from;
  posix::UniqueFd& to;
  std::deque<Chunk> queue;
  std::size_t queued = 0;
  std::string seen;    ///< the last bytes, in which a pattern may begin
  bool ended = false;  ///< no more is read
  bool done = false;   ///< no more is written
  bool blocked = false;

  bool wants_read() const { return !ended && from && queued < queue_limit; }
};

struct WireProxy::Connection {
  posix::UniqueFd client, server;
  Pipe up{Direction::up, client, server, {}, 0, {}};
  Pipe down{Direction::down, server, client, {}, 0, {}};
  bool answered = true;   ///< something was handed to the client since it last sent
  bool dropping = false;  ///< was cut: what the server says is thrown away until it ends

  bool over() const { return up.done && (down.done || (dropping && down.ended)); }
};

WireProxy::WireProxy(std::uint16_t server, std::chrono::microseconds round_trip)
    : server_{server},
      wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)},
      listener_{loopback::listen()},
      half_{round_trip / 2} {
  port_ = loopback::port_of(listener_);
  thread_ = std::thread{[this] { serve(); }};
}

WireProxy::~WireProxy() {
  call([this] { ending_ = true; });
  thread_.join();
}

void WireProxy::set_round_trip(std::chrono::microseconds round_trip) {
  call([&] { half_ = round_trip / 2; });
}

void WireProxy::set_mode(Mode mode) {
  call([&] {
    mode_ = mode;
    if (mode == Mode::refuse)
      listener_ = posix::UniqueFd{};
    else if (!listener_)
      listener_ = loopback::listen(port_);
  });
}

void WireProxy::cut_after(Direction direction, std::uint64_t bytes, std::string pattern) {
  call([&] {
    std::erase_if(cuts_, [&](const Cut& cut) { return cut.direction == direction; });
    cuts_.push_back({direction, bytes, std::move(pattern)});
    for (Connection& connection : connections_)
      (direction == Direction::up ? connection.up : connection.down).seen.clear();
  });
}

void WireProxy::cut_now() {
  call([this] {
    for (Connection& connection : connections_)
      if (!connection.dropping) cut(connection);
  });
}

WireProxy::Counts WireProxy::counts() {
  Counts counts;
  call([&] { counts = counts_; });
  return counts;
}

void WireProxy::call(const std::function<void()>& step) {
  std::promise<void> done;
  {
    const std::lock_guard lock{mutex_};
    calls_.emplace_back([&] {
      try {
        step();
        done.set_value();
      } catch (...) {
        done.set_exception(std::current_exception());
      }
    });
  }
  ::eventfd_write(wake_.get(), 1);
  done.get_future().get();
}

void WireProxy::run_calls() {
  eventfd_t count = 0;
  ::eventfd_read(wake_.get(), &count);
  std::vector<std::function<void()>> calls;
  {
    const std::lock_guard lock{mutex_};
    calls.swap(calls_);
  }
  for (const auto& step : calls) step();
}

void WireProxy::serve() {
  while (!ending_) {
    wait();
    run_calls();
    accept();
    if (mode_ == Mode::stall) continue;
    for (Connection& connection : connections_) {
      for (Pipe* pipe : {&connection.up, &connection.down}) {
        read(connection, *pipe);
        write(connection, *pipe);
      }
    }
    std::erase_if(connections_, [this](const Connection& connection) {
      if (connection.over()) std::erase_if(cuts_, [&](const Cut& cut) { return cut.connection == &connection; });
      return connection.over();
    });
  }
}

/// Until there may be something to do.
void WireProxy::wait() {
  std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}};
  if (listener_) polled.push_back({listener_.get(), POLLIN, 0});
  std::optional<Clock::time_point> next;
  for (Connection& connection : connections_) {
    if (mode_ == Mode::stall) break;
    for (const Pipe* pipe : {&connection.up, &connection.down}) {
      if (pipe->wants_read()) polled.push_back({pipe->from.get(), POLLIN, 0});
      if (pipe->blocked)
        polled.push_back({pipe->to.get(), POLLOUT, 0});
      else if (!pipe->queue.empty())
        next = std::min(next.value_or(pipe->queue.front().due), pipe->queue.front().due);
    }
  }
  timespec limit{};
  if (next) {
    const auto left = std::max(Clock::duration::zero(), *next - Clock::now());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    limit = {seconds.count(), std::chrono::nanoseconds{left - seconds}.count()};
  }
  ::ppoll(polled.data(), polled.size(), next ? &limit : nullptr, nullptr);
}

void WireProxy::accept() {
  pollfd ready{listener_.get(), POLLIN, 0};
  if (!listener_ || ::poll(&ready, 1, 0) != 1) return;
  posix::UniqueFd client{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  if (!client) return;
  ++counts_.connections;
  try {
    Connection& connection = connections_.emplace_back();
    connection.client = std::move(client);
    connection.server = loopback::connect(server_);
    // Else what follows a piece that is not acknowledged yet waits for that, 40 ms at times.
    const int on = 1;
    ::setsockopt(connection.client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  } catch (const std::system_error&) {
    connections_.pop_back();  // the server is away: the client sees the end at once
  }
}

void WireProxy::read(Connection& connection, Pipe& pipe) {
  if (!pipe.wants_read()) return;
  const ssize_t count = ::recv(pipe.from.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) {
    pipe.ended = true;
    pipe.queue.push_back({Clock::now() + half_, {}});
  } else if (!connection.dropping) {
    if (pipe.direction == Direction::up) counts_.round_trips += std::exchange(connection.answered, false) ? 1 : 0;
    admit(connection, pipe, buffer_.substr(0, static_cast<std::size_t>(count)));
  }
}

/// Lets `bytes` pass, up to a cut.
void WireProxy::admit(Connection& connection, Pipe& pipe, std::string bytes) {
  const Clock::time_point due = Clock::now() + half_;
  const std::optional<std::size_t> limit = bytes_before_cut(connection, pipe, bytes);
  if (limit) bytes.resize(*limit);
  pipe.queued += bytes.size();
  if (!bytes.empty()) pipe.queue.push_back({due, std::move(bytes)});
  if (limit) pipe.queue.push_back({due, {}, 0, true});
  pipe.ended = limit.has_value();
}

/// How many of `bytes` pass before the connection is cut; none if it is not.
std::optional<std::size_t> WireProxy::bytes_before_cut(const Connection& connection, Pipe& pipe,
                                                       const std::string& bytes) {
  const auto found = std::ranges::find_if(cuts_, [&](const Cut& cut) {
    return cut.direction == pipe.direction && (cut.connection == nullptr || cut.connection == &connection);
  });
  if (found == cuts_.end()) return std::nullopt;
  std::size_t begin = 0;  // of what counts
  if (const std::string pattern = std::exchange(found->pattern, {}); !pattern.empty()) {
    const std::string text = pipe.seen + bytes;
    pipe.seen = text.substr(text.size() - std::min(text.size(), pattern.size() - 1));
    const std::size_t place = text.find(pattern);
    if (place == std::string::npos) {
      found->pattern = pattern;
      return std::nullopt;
    }
    begin = place + pattern.size() - (text.size() - bytes.size());
  }
  found->connection = &connection;
  if (found->bytes > bytes.size() - begin) {
    found->bytes -= bytes.size() - begin;
    return std::nullopt;
  }
  const std::size_t limit = begin + static_cast<std::size_t>(found->bytes);
  cuts_.erase(found);
  return limit;
}

void WireProxy::write(Connection& connection, Pipe& pipe) {
  pipe.blocked = false;
  while (!pipe.queue.empty() && pipe.queue.front().due <= Clock::now()) {
    Pipe::Chunk& chunk = pipe.queue.front();
    if (chunk.cut) return cut(connection);
    if (chunk.bytes.empty()) {
      ::shutdown(pipe.to.get(), SHUT_WR);
      pipe.queue.clear();
      pipe.done = true;
      return;
    }
    const ssize_t count = ::send(pipe.to.get(), chunk.bytes.data() + chunk.sent, chunk.bytes.size() - chunk.sent,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0) {
      pipe.blocked = errno == EAGAIN || errno == EINTR;
      if (!pipe.blocked) {  // that side is gone
        pipe.queue.clear();
        pipe.ended = pipe.done = true;
        ::shutdown(pipe.from.get(), SHUT_RDWR);
      }
      return;
    }
    chunk.sent += static_cast<std::size_t>(count);
    pipe.queued -= static_cast<std::size_t>(count);
    (pipe.direction == Direction::up ? counts_.up : counts_.down) += static_cast<std::uint64_t>(count);
    if (pipe.direction == Direction::down) connection.answered = true;
    if (chunk.sent == chunk.bytes.size()) pipe.queue.pop_front();
  }
}

/// The client is closed; what it had sent still reaches the server, and then the end.
void WireProxy::cut(Connection& connection) {
  ++counts_.cuts;
  connection.dropping = true;
  connection.client = posix::UniqueFd{};
  Pipe& up = connection.up;
  std::erase_if(up.queue, [](const Pipe::Chunk& chunk) { return chunk.bytes.empty(); });
  up.queue.push_back({up.queue.empty() ? Clock::now() : up.queue.back().due, {}});
  up.ended = true;
  connection.down.queue.clear();
  connection.down.queued = 0;
  connection.down.ended = false;
  connection.down.blocked = false;
  std::erase_if(cuts_, [&](const Cut& cut) { return cut.connection == &connection; });
}

}  // namespace mapistore::testing
