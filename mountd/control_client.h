#pragma once

#include <mapistore/posix.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"
#include "mountd/control_protocol.h"

namespace mapistore::mountd {

/// A conversation with a mountd. Blocks.
class ControlClient {
 public:
  /// Errc::not_found: no mountd has made that socket; Errc::connection_refused: it runs no more.
  static Result<ControlClient> connect(const std::filesystem::path& socket);

  /// Asks, and waits for the answer. Errc::timed_out after `limit`; then the conversation is over.
  Result<Json> ask(const protocol::Request& request, std::chrono::seconds limit);

 private:
  ControlClient(posix::UniqueFd socket, std::string shown) : socket_{std::move(socket)}, shown_{std::move(shown)} {}

  posix::UniqueFd socket_;
  std::string shown_;
};

/// Where mountds may listen that keep mounts of this user: his own, then the system's.
std::vector<std::filesystem::path> control_sockets();

}  // namespace mapistore::mountd
