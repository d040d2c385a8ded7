#include "mountd/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace mapistore::mountd {

Connection::Connection(EventLoop& loop, posix::UniqueFd socket, std::size_t longest, std::chrono::seconds idle,
                       Input input, Closed closed)
    : loop_{loop},
      socket_{std::move(socket)},
      longest_{longest},
      idle_{idle},
      input_{std::move(input)},
      closed_{std::move(closed)} {}

Result<std::unique_ptr<Connection>> Connection::start(EventLoop& loop, posix::UniqueFd socket, std::size_t longest,
                                                      std::chrono::seconds idle, Input input, Closed closed) {
  std::unique_ptr<Connection> connection{
      new Connection{loop, std::move(socket), longest, idle, std::move(input), std::move(closed)}};
  Connection* self = connection.get();
  connection->events_ = MAPISTORE_TRY(
      loop.watch(self->socket_.get(), EPOLLIN, [self](std::uint32_t events) { self->on_events(events); }));
  connection->wait_again();
  return connection;
}

void Connection::send(std::string_view text) {
  to_send_ += text;
  wait_again();
}

void Connection::finish() {
  finishing_ = true;
  wait_again();
}

void Connection::pause() {
  paused_ = true;
  wait_again();
}

void Connection::go_on() {
  paused_ = false;
  wait_again();
  if (!received_.empty()) soon_ = loop_.after({}, [this] { take_input(); });
}

void Connection::wait_again() {
  const bool writes = !to_send_.empty() || finishing_;
  loop_.change(events_, (writes ? EPOLLOUT : 0u) | (paused_ || finishing_ ? 0u : EPOLLIN));
  idle_timer_ = paused_ ? EventLoop::Token{} : loop_.after(idle_, [this] { close(); });
}

void Connection::close() {
  events_.reset();
  idle_timer_.reset();
  soon_.reset();
  if (const Closed closed = std::exchange(closed_, nullptr)) closed();
}

void Connection::on_events(std::uint32_t events) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0 && (events & EPOLLIN) == 0) return close();
  if ((events & EPOLLOUT) != 0 && !write()) return close();
  if ((events & EPOLLIN) != 0) {
    if (!read()) return close();
    if (finishing_) return wait_again();
    take_input();
  }
}

bool Connection::read() {
  std::array<char, 4096> buffer{};
  const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  received_.append(buffer.data(), static_cast<std::size_t>(count));
  if (count > 0) return true;
  // Who says no more may still want to hear.
  finishing_ = !to_send_.empty();
  return finishing_;
}

void Connection::take_input() {
  input_(received_);
  if (received_.size() > longest_) return close();
  wait_again();
}

bool Connection::write() {
  const ssize_t count = ::send(socket_.get(), to_send_.data(), to_send_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  to_send_.erase(0, static_cast<std::size_t>(count));
  if (to_send_.empty() && finishing_) return false;
  wait_again();
  return true;
}

Result<EventLoop::Token> accept_all(EventLoop& loop, int listener, std::function<void(posix::UniqueFd)> accepted) {
  return loop.watch(listener, EPOLLIN, [listener, accepted = std::move(accepted)](std::uint32_t) {
    posix::UniqueFd socket{::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (socket) accepted(std::move(socket));
  });
}

}  // namespace mapistore::mountd
