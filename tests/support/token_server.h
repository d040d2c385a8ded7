#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <mapistore/posix.h>

namespace mapistore::testing {

/// A token endpoint (RFC 6749) on loopback that answers what a test wants. One request on a connection. Thread-safe.
class TokenServer {
 public:
  struct Reply {
    int status = 200;
    std::string body;
  };
  /// Given the form as it was sent; called on the server's thread.
  using Answer = std::function<Reply(const std::string& form)>;

  explicit TokenServer(Answer answer);
  TokenServer(const TokenServer&) = delete;
  ~TokenServer();

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/token"; }
  /// All forms so far.
  std::vector<std::string> forms() const;

 private:
  void serve();
  void converse(const posix::UniqueFd& connection);

  Answer answer_;
  posix::UniqueFd listener_;
  std::uint16_t port_;
  mutable std::mutex mutex_;
  std::vector<std::string> forms_;  ///< guarded by mutex_
  std::thread thread_;
};

}  // namespace mapistore::testing
