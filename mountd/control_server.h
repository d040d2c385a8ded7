#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "core/json.h"
#include "mountd/connection.h"
#include "mountd/control_protocol.h"
#include "mountd/supervisor.h"

namespace mapistore::mountd {

/// Answers on the control socket what users ask and tell: each about his own mounts, root about all. One thread.
class ControlServer {
 public:
  /// `self`: who runs this mountd, and may have it reload.
  ControlServer(EventLoop& loop, Supervisor& supervisor, uid_t self, std::function<Result<>()> reload)
      : loop_{loop}, supervisor_{supervisor}, self_{self}, reload_{std::move(reload)} {}
  ControlServer(const ControlServer&) = delete;

  /// Takes over a listening socket of the service manager's.
  Result<> serve(posix::UniqueFd listener);
  /// Makes the socket at `path`, open to all users for root's mountd. Errc::exists: another mountd has it.
  Result<> listen(const std::filesystem::path& path);

 private:
  struct Client {
    uid_t user = 0;
    std::unique_ptr<Connection> connection;
  };
  using Answer = Result<Json>;

  void accept(posix::UniqueFd socket);
  void take(std::uint64_t id, std::string& received);
  void answer(std::uint64_t id, const Answer& answer);
  void handle(std::uint64_t id, uid_t user, const protocol::Request& request);
  void tell_status(std::uint64_t id, uid_t user, const protocol::Request& request);
  void steer(std::uint64_t id, uid_t user, const protocol::Request& request);
  Answer list(uid_t user, const std::string& name, bool with_status) const;
  Answer reload(uid_t user, const protocol::Request& request);

  EventLoop& loop_;
  Supervisor& supervisor_;
  uid_t self_;
  std::function<Result<>()> reload_;
  posix::UniqueFd lock_, listener_;
  EventLoop::Token accepting_;
  std::map<std::uint64_t, Client> clients_;
  std::uint64_t last_client_ = 0;
};

}  // namespace mapistore::mountd
