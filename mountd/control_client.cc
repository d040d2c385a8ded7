#include "mountd/control_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/directories.h"

namespace mapistore::mountd {

namespace {

constexpr const char* system_socket = "/run/mapistorefs/mountd.sock";

}  // namespace

std::vector<std::filesystem::path> control_sockets() {
  std::vector<std::filesystem::path> sockets;
  if (const auto directory = directories::runtime_dir()) sockets.push_back(*directory / "mountd.sock");
  if (std::ranges::find(sockets, system_socket) == sockets.end()) sockets.emplace_back(system_socket);
  return sockets;
}

Result<ControlClient> ControlClient::connect(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof(address.sun_path))
    return std::unexpected(system_error(ENAMETOOLONG, path.native()));
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  posix::UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!socket || ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
    return std::unexpected(system_error(errno, path.native()));
  return ControlClient{std::move(socket), path.native()};
}

Result<Json> ControlClient::ask(const protocol::Request& request, std::chrono::seconds limit) {
  const std::string line = protocol::to_line(request);
  if (::send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size()))
    return fail(Errc::disconnected, shown_, "has closed the conversation", "see the log of mountd");
  const auto deadline = std::chrono::steady_clock::now() + limit;
  std::string answer;
  while (!answer.ends_with('\n') && answer.size() <= protocol::longest_answer) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting{socket_.get(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) == 0)
      return fail(Errc::timed_out, shown_, "does not answer", "see the log of mountd");
    std::array<char, 16 * 1024> buffer{};
    const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail(Errc::disconnected, shown_, "has closed the conversation", "see the log of mountd");
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return protocol::parse_answer(answer);
}

}  // namespace mapistore::mountd
