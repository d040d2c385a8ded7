#include "tests/support/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <system_error>

namespace mapistore::testing::loopback {

namespace {

int checked(int result, const char* call) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), call);
  return result;
}

sockaddr_in address(std::uint16_t port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return name;
}

posix::UniqueFd tcp_socket() {
  return posix::UniqueFd{checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")};
}

}  // namespace

posix::UniqueFd listen(std::uint16_t port) {
  posix::UniqueFd socket = tcp_socket();
  const int on = 1;
  checked(::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "setsockopt");
  const sockaddr_in name = address(port);
  checked(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), "bind");
  checked(::listen(socket.get(), SOMAXCONN), "listen");
  return socket;
}

std::uint16_t port_of(const posix::UniqueFd& socket) {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  checked(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &size), "getsockname");
  return ntohs(name.sin_port);
}

posix::UniqueFd connect(std::uint16_t port, std::chrono::seconds limit) {
  posix::UniqueFd socket = tcp_socket();
  const sockaddr_in name = address(port);
  checked(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), "connect");
  const int on = 1;
  checked(::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
  const timeval wait{limit.count(), 0};
  checked(::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait), "setsockopt");
  return socket;
}

void send_all(const posix::UniqueFd& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) throw std::system_error(errno, std::generic_category(), "send");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::string receive(const posix::UniqueFd& socket) {
  std::string bytes(std::size_t{1} << 16, '\0');
  const ssize_t count = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
  if (count < 0) throw std::system_error(errno, std::generic_category(), "recv");
  bytes.resize(static_cast<std::size_t>(count));
  return bytes;
}

}  // namespace mapistore::testing::loopback
