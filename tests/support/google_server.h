#pragma once

#include <chrono>
#include <string>

#include "tests/support/private_server.h"

namespace mapistore::testing {

/// A server of the test's own that keeps Google's rules for calendars and contacts; tests/servers/google_front.py tells
/// them.
class GoogleServer : public PrivateServer {
 public:
  /// `quota`: requests in a second; 0: without end.
  explicit GoogleServer(int quota = 0) : PrivateServer{"google", "quota=" + std::to_string(quota)} {}

  std::string url() const { return "https://localhost:" + setting("tls_port") + "/"; }
  std::string account() const { return "tester@gmail.test"; }
  /// A negative lifetime has passed already.
  std::string token(std::chrono::seconds lifetime = std::chrono::hours{1}) const {
    std::string token = run_script("token", std::to_string(lifetime.count()));
    token.erase(token.find('\n'));
    return token;
  }
};

}  // namespace mapistore::testing
