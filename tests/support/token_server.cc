#include "tests/support/token_server.h"

#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "tests/support/loopback.h"

namespace mapistore::testing {

TokenServer::TokenServer(Answer answer)
    : answer_{std::move(answer)}, listener_{loopback::listen()}, port_{loopback::port_of(listener_)} {
  thread_ = std::thread{[this] { serve(); }};
}

TokenServer::~TokenServer() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  thread_.join();
}

std::vector<std::string> TokenServer::forms() const {
  const std::lock_guard lock{mutex_};
  return forms_;
}

void TokenServer::serve() {
  for (;;) {
    const posix::UniqueFd connection{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (!connection) return;
    try {
      converse(connection);
    } catch (const std::exception&) {
      ::shutdown(connection.get(), SHUT_RDWR);  // the client has gone
    }
  }
}

void TokenServer::converse(const posix::UniqueFd& connection) {
  std::string request;
  std::size_t body = 0, size = 0;
  while (body == 0 || request.size() < body + size) {
    const std::string more = loopback::receive(connection);
    if (more.empty()) return;
    request += more;
    const auto end = request.find("\r\n\r\n");
    if (body != 0 || end == std::string::npos) continue;
    body = end + 4;
    for (std::size_t line = 0; line < end; line = request.find("\r\n", line) + 2)
      if (::strncasecmp(request.c_str() + line, "Content-Length:", 15) == 0)
        size = std::strtoull(request.c_str() + line + 15, nullptr, 10);
  }
  std::string form = request.substr(body);
  {
    const std::lock_guard lock{mutex_};
    forms_.push_back(form);
  }
  const Reply reply = answer_(form);
  loopback::send_all(connection,
                     "HTTP/1.1 " + std::to_string(reply.status) +
                         " Said\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " +
                         std::to_string(reply.body.size()) + "\r\n\r\n" + reply.body);
}

}  // namespace mapistore::testing
