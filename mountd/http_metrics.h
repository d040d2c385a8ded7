#pragma once

#include <cstdint>
#include <map>

#include "mountd/connection.h"
#include "mountd/supervisor.h"

namespace mapistore::mountd {

/// GET /metrics over HTTP on 127.0.0.1, and nothing else. Whoever is on this machine may read it: names of mounts and
/// contexts, states and numbers. One thread.
class HttpMetrics {
 public:
  HttpMetrics(EventLoop& loop, Supervisor& supervisor) : loop_{loop}, supervisor_{supervisor} {}
  HttpMetrics(const HttpMetrics&) = delete;

  /// Listens on `port` from now on, and no longer on another; 0: on none.
  Result<> listen(std::uint16_t port);

 private:
  void accept(posix::UniqueFd socket);
  void take(std::uint64_t id, std::string& received);

  EventLoop& loop_;
  Supervisor& supervisor_;
  std::uint16_t port_ = 0;
  posix::UniqueFd listener_;
  EventLoop::Token accepting_;
  std::map<std::uint64_t, std::unique_ptr<Connection>> clients_;
  std::uint64_t last_client_ = 0;
};

}  // namespace mapistore::mountd
