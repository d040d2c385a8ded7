#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <mapistore/posix.h>

namespace mapistore::testing {

/// An HTTP server that says what a test wants it to say, be it ever so wrong. Closes after each answer. Thread-safe.
class ScriptedHttp {
 public:
  struct Request {
    std::string method, path, head, body;
  };
  struct Reply {
    std::string bytes;                   ///< head and all, sent as it is
    std::chrono::milliseconds pause{0};  ///< before each byte
    bool is_endless = false;             ///< the bytes are sent over and over, until nobody takes them
  };
  using Answer = std::function<Reply(const Request& request)>;

  /// Listens on a free port of loopback. `answer` is called on the threads of the connections.
  explicit ScriptedHttp(Answer answer);
  ScriptedHttp(const ScriptedHttp&) = delete;
  ~ScriptedHttp();

  std::uint16_t port() const noexcept { return port_; }
  /// All so far, in the order of their arrival.
  std::vector<Request> requests() const;

  /// A whole answer with a length.
  static Reply reply(int status, std::string_view body, std::string_view more_headers = {});
  /// A 207 of `responses`, in the namespace DAV: as D.
  static Reply multistatus(std::string_view responses);

 private:
  void serve();
  void converse(const posix::UniqueFd& connection);

  Answer answer_;
  posix::UniqueFd listener_;
  std::uint16_t port_;
  mutable std::mutex mutex_;
  std::vector<Request> requests_;  ///< guarded by mutex_
  std::vector<int> open_;          ///< guarded by mutex_
  bool ending_ = false;            ///< guarded by mutex_
  std::thread thread_;
};

}  // namespace mapistore::testing
