#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/private_server.h"
#include "tests/support/raw_http.h"
#include "tests/support/temp_mount.h"

namespace mapistore::testing {

/// A Radicale of the test's own behind a front that speaks TLS, and HTTP/2 to who asks for it.
class Http2Server : public PrivateServer {
 public:
  /// A request as the front noted it.
  struct Seen {
    std::uint16_t client_port = 0;
    std::string protocol;  ///< that TLS agreed on: h2, http/1.1
    std::string method, path;
    int status = 0;
  };

  Http2Server() : PrivateServer{"http2", {}} {}

  std::string user() const { return setting("user"); }
  /// USER@HOST:PORT of the front, as a URI has it.
  std::string authority() const { return user() + "@" + host() + ":" + setting("tls_port"); }
  /// Another client, which goes to Radicale itself.
  RawHttp client() const { return {port(), user(), password()}; }
  /// All that the front was sent so far.
  std::vector<Seen> seen() const {
    std::vector<Seen> all;
    std::istringstream lines{read_file(setting("log")).value_or("")};
    for (Seen one; lines >> one.client_port >> one.protocol >> one.method >> one.path >> one.status;)
      all.push_back(one);
    return all;
  }
};

}  // namespace mapistore::testing
