#include "mountd/control_server.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "mountd/metrics.h"

namespace mapistore::mountd {

namespace {

constexpr std::size_t most_clients = 64;
/// Of one user, so that none keeps the others out; root has all.
constexpr std::size_t most_of_one = 16;
constexpr std::chrono::seconds idle{120};
/// What does not answer by then is told of with its last answer.
constexpr std::chrono::seconds time_to_answer{2};
constexpr int backlog = 16;

uid_t peer_of(const posix::UniqueFd& socket) {
  ucred peer{};
  socklen_t length = sizeof(peer);
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return static_cast<uid_t>(-1);
  return peer.uid;
}

Result<posix::UniqueFd> bind_at(const std::filesystem::path& path, bool open_to_all) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof(address.sun_path))
    return fail(Errc::name_too_long, path.native(), "is too long for a socket's name", "name another with --socket");
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  posix::UniqueFd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  ::unlink(path.c_str());
  const mode_t before = ::umask(0177);
  const bool bound = ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  const int error = errno;
  ::umask(before);
  if (!bound) return std::unexpected(system_error(error, path.native()));
  if ((open_to_all && ::chmod(path.c_str(), 0666) != 0) || ::listen(socket.get(), backlog) != 0)
    return std::unexpected(system_error(errno, path.native()));
  return socket;
}

}  // namespace

Result<> ControlServer::serve(posix::UniqueFd listener) {
  listener_ = std::move(listener);
  accepting_ =
      MAPISTORE_TRY(accept_all(loop_, listener_.get(), [this](posix::UniqueFd socket) { accept(std::move(socket)); }));
  return {};
}

Result<> ControlServer::listen(const std::filesystem::path& path) {
  // The lock outlives no process, so that a socket without one belongs to nobody.
  const std::string lock = path.native() + ".lock";
  lock_ = posix::UniqueFd{::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!lock_) return std::unexpected(system_error(errno, lock));
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(Errc::exists, path.native(), "belongs to another mountd that runs",
                "stop that, or name another with --socket");
  return serve(MAPISTORE_TRY(bind_at(path, self_ == 0)));
}

void ControlServer::accept(posix::UniqueFd socket) {
  const uid_t user = peer_of(socket);
  const auto of_user = std::ranges::count(clients_, user, [](const auto& entry) { return entry.second.user; });
  const bool allowed = self_ == 0 || user == self_ || user == 0;
  if (!allowed || clients_.size() >= most_clients || (user != 0 && static_cast<std::size_t>(of_user) >= most_of_one))
    return;
  const std::uint64_t id = ++last_client_;
  auto connection = Connection::start(
      loop_, std::move(socket), protocol::longest_request, idle,
      [this, id](std::string& received) { take(id, received); }, [this, id] { clients_.erase(id); });
  if (connection) clients_.emplace(id, Client{user, *std::move(connection)});
}

void ControlServer::take(std::uint64_t id, std::string& received) {
  const std::size_t end = received.find('\n');
  const Client& client = clients_.at(id);
  if (end == std::string::npos || end > protocol::longest_request) {
    if (received.size() <= protocol::longest_request) return;
    client.connection->send(protocol::to_line(Answer{fail(Errc::too_large, "request", "is longer than 16 KiB")}));
    received.clear();
    return client.connection->finish();
  }
  const std::string line = received.substr(0, end);
  received.erase(0, end + 1);
  client.connection->pause();
  const auto request = protocol::parse_request(line);
  if (!request) return answer(id, std::unexpected(request.error()));
  handle(id, client.user, *request);
}

void ControlServer::answer(std::uint64_t id, const Answer& answer) {
  const auto found = clients_.find(id);
  if (found == clients_.end()) return;
  found->second.connection->send(protocol::to_line(answer));
  found->second.connection->go_on();
}

void ControlServer::handle(std::uint64_t id, uid_t user, const protocol::Request& request) {
  if (request.verb == "list") return answer(id, list(user, request.name, false));
  if (request.verb == "status" || request.verb == "metrics") return tell_status(id, user, request);
  if (request.verb == "mount" || request.verb == "unmount") return steer(id, user, request);
  if (request.verb == "reload") return answer(id, reload(user, request));
  answer(id, fail(Errc::unsupported, request.verb, "is no verb", "list, status, metrics, mount, unmount, reload"));
}

ControlServer::Answer ControlServer::list(uid_t user, const std::string& name, bool with_status) const {
  auto reports = Json::array();
  for (const KeptMount* mount : supervisor_.mounts_of(user)) {
    if (!name.empty() && mount->wanted().name != name && mount->wanted().directory != name) continue;
    reports.push_back(mount->report());
    if (!with_status) reports.back().erase("status");
  }
  return Json{{"mounts", std::move(reports)}};
}

void ControlServer::tell_status(std::uint64_t id, uid_t user, const protocol::Request& request) {
  std::vector<KeptMount*> mounts = supervisor_.mounts_of(user);
  if (!request.name.empty()) {
    const auto mount = supervisor_.mount_of(user, request.name);
    if (!mount) return answer(id, std::unexpected(mount.error()));
    mounts = {*mount};
  }
  supervisor_.refresh(mounts, time_to_answer, [this, id, user, request] {
    Answer told = list(user, request.name, true);
    if (request.verb == "metrics") told = Json{{"text", metrics_text((*told)["mounts"])}};
    answer(id, told);
  });
}

void ControlServer::steer(std::uint64_t id, uid_t user, const protocol::Request& request) {
  const auto found = supervisor_.mount_of(user, request.name);
  if (!found) return answer(id, std::unexpected(found.error()));
  const auto told = [this, id, user, request](const Result<>& result) {
    if (!result) return answer(id, std::unexpected(result.error()));
    answer(id, list(user, request.name, false));
  };
  if (request.dry_run) return told({});
  if (request.verb == "mount")
    (*found)->start(told);
  else
    (*found)->stop(request.force, told);
}

ControlServer::Answer ControlServer::reload(uid_t user, const protocol::Request& request) {
  if (user != 0 && user != self_)
    return fail(Errc::not_permitted, "reload", "is for who runs this mountd alone", "ask the administrator");
  if (!request.dry_run) MAPISTORE_CHECK(reload_());
  return list(user, {}, false);
}

}  // namespace mapistore::mountd
