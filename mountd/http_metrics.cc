#include "mountd/http_metrics.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "core/json.h"
#include "mountd/metrics.h"

namespace mapistore::mountd {

namespace {

constexpr std::size_t longest_request = 8 * 1024;
constexpr std::size_t most_scrapers = 16;
constexpr std::chrono::seconds idle_scraper{10};
constexpr std::chrono::seconds time_to_scrape{2};
constexpr int waiting_scrapers = 16;

std::string response(std::string_view status, std::string_view type, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: " + std::string(type) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + std::string(body);
}

bool asks_for_metrics(std::string_view request) {
  constexpr std::string_view wanted = "GET /metrics";
  if (!request.starts_with(wanted)) return false;
  const std::string_view rest = request.substr(wanted.size());
  return rest.starts_with(' ') || rest.starts_with('?');
}

}  // namespace

Result<> HttpMetrics::listen(std::uint16_t port) {
  if (port == port_) return {};
  accepting_.reset();
  listener_ = posix::UniqueFd{};
  port_ = 0;
  if (port == 0) return {};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  posix::UniqueFd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const int yes = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  if (!socket || ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(socket.get(), waiting_scrapers) != 0)
    return std::unexpected(system_error(errno, "metrics_port " + std::to_string(port)));
  accepting_ =
      MAPISTORE_TRY(accept_all(loop_, socket.get(), [this](posix::UniqueFd accepted) { accept(std::move(accepted)); }));
  listener_ = std::move(socket);
  port_ = port;
  return {};
}

void HttpMetrics::accept(posix::UniqueFd socket) {
  if (clients_.size() >= most_scrapers) return;
  const std::uint64_t id = ++last_client_;
  auto connection = Connection::start(
      loop_, std::move(socket), longest_request, idle_scraper,
      [this, id](std::string& received) { take(id, received); }, [this, id] { clients_.erase(id); });
  if (connection) clients_.emplace(id, *std::move(connection));
}

void HttpMetrics::take(std::uint64_t id, std::string& received) {
  if (!received.contains("\r\n\r\n") && !received.contains("\n\n")) return;
  const bool known = asks_for_metrics(received);
  received.clear();
  clients_.at(id)->pause();
  if (!known) {
    clients_.at(id)->send(response("404 Not Found", "text/plain", "Only GET /metrics is here.\n"));
    return clients_.at(id)->finish();
  }
  supervisor_.refresh(supervisor_.mounts_of(0), time_to_scrape, [this, id] {
    const auto found = clients_.find(id);
    if (found == clients_.end()) return;
    auto reports = Json::array();
    for (const KeptMount* mount : supervisor_.mounts_of(0)) reports.push_back(mount->report());
    found->second->send(response("200 OK", "text/plain; version=0.0.4; charset=utf-8", metrics_text(reports)));
    found->second->finish();
  });
}

}  // namespace mapistore::mountd
