#include "mountd/service_manager.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace mapistore::mountd {

namespace {

constexpr int first_socket = 3;  // SD_LISTEN_FDS_START

std::string take(const char* name) {
  const char* value = ::secure_getenv(name);
  const std::string text = value != nullptr ? value : "";
  ::unsetenv(name);
  return text;
}

std::optional<std::uint64_t> number(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_us(const std::string& pid) { return number(pid) == static_cast<std::uint64_t>(::getpid()); }

}  // namespace

ServiceManager ServiceManager::from_environment() {
  ServiceManager manager;
  manager.address_ = take("NOTIFY_SOCKET");
  const std::string listener = take("LISTEN_PID"), sockets = take("LISTEN_FDS");
  take("LISTEN_FDNAMES");
  if (is_us(listener) && number(sockets).value_or(0) > 0) {
    ::fcntl(first_socket, F_SETFD, FD_CLOEXEC);
    ::fcntl(first_socket, F_SETFL, ::fcntl(first_socket, F_GETFL) | O_NONBLOCK);
    manager.socket_ = posix::UniqueFd{first_socket};
  }
  const std::string watched = take("WATCHDOG_PID"), period = take("WATCHDOG_USEC");
  if (const auto microseconds = number(period);
      microseconds && *microseconds > 0 && (watched.empty() || is_us(watched)))
    manager.watchdog_ = std::chrono::microseconds{*microseconds};
  return manager;
}

void ServiceManager::reloading() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds =
      static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1000;
  tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds) + "\n");
}

void ServiceManager::tell(std::string_view state) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (address_.empty() || address_.size() >= sizeof(address.sun_path)) return;
  std::memcpy(address.sun_path, address_.data(), address_.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const posix::UniqueFd socket{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  // Nobody to tell is no trouble of ours.
  static_cast<void>(
      ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address), length));
}

}  // namespace mapistore::mountd
