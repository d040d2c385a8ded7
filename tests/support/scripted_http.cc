#include "tests/support/scripted_http.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "tests/support/loopback.h"

namespace mapistore::testing {

namespace {

/// Reads to the end of a request; false if it never comes.
bool read_request(const posix::UniqueFd& connection, ScriptedHttp::Request& request) {
  std::string& text = request.head;
  std::size_t end = 0;
  while ((end = text.find("\r\n\r\n")) == std::string::npos) {
    const std::string more = loopback::receive(connection);
    if (more.empty()) return false;
    text += more;
  }
  request.body = text.substr(end + 4);
  text.erase(end + 2);
  const std::size_t length_at = text.find("Content-Length: ");
  const std::size_t length =
      length_at == std::string::npos ? 0 : std::strtoull(text.c_str() + length_at + 16, nullptr, 10);
  while (request.body.size() < length) {
    const std::string more = loopback::receive(connection);
    if (more.empty()) return false;
    request.body += more;
  }
  const std::size_t blank = text.find(' ');
  request.method = text.substr(0, blank);
  request.path = text.substr(blank + 1, text.find(' ', blank + 1) - blank - 1);
  return true;
}

}  // namespace

ScriptedHttp::ScriptedHttp(Answer answer)
    : answer_{std::move(answer)}, listener_{loopback::listen()}, port_{loopback::port_of(listener_)} {
  thread_ = std::thread{[this] { serve(); }};
}

ScriptedHttp::~ScriptedHttp() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
    for (const int connection : open_) ::shutdown(connection, SHUT_RDWR);
  }
  thread_.join();
}

std::vector<ScriptedHttp::Request> ScriptedHttp::requests() const {
  const std::lock_guard lock{mutex_};
  return requests_;
}

ScriptedHttp::Reply ScriptedHttp::reply(int status, std::string_view body, std::string_view more_headers) {
  return {"HTTP/1.1 " + std::to_string(status) + " Said\r\nConnection: close\r\n" + std::string(more_headers) +
          "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body)};
}

ScriptedHttp::Reply ScriptedHttp::multistatus(std::string_view responses) {
  return reply(207,
               "<D:multistatus xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\">" + std::string(responses) +
                   "</D:multistatus>",
               "Content-Type: application/xml\r\n");
}

void ScriptedHttp::serve() {
  std::vector<std::jthread> threads;
  for (;;) {
    posix::UniqueFd connection{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    const std::lock_guard lock{mutex_};
    if (ending_ || !connection) break;
    open_.push_back(connection.get());
    threads.emplace_back([this, held = std::move(connection)] {
      try {
        converse(held);
      } catch (const std::system_error&) {  // whom it talked to went away
      }
      ::shutdown(held.get(), SHUT_RDWR);
      const std::lock_guard closing{mutex_};
      std::erase(open_, held.get());
    });
  }
}

void ScriptedHttp::converse(const posix::UniqueFd& connection) {
  Request request;
  if (!read_request(connection, request)) return;
  {
    const std::lock_guard lock{mutex_};
    requests_.push_back(request);
  }
  const Reply reply = answer_(request);
  if (reply.pause.count() == 0) loopback::send_all(connection, reply.bytes);
  while (reply.is_endless) loopback::send_all(connection, reply.bytes);
  if (reply.pause.count() == 0) return;
  for (const char byte : reply.bytes) {
    {
      const std::lock_guard lock{mutex_};
      if (ending_) return;
    }
    std::this_thread::sleep_for(reply.pause);
    loopback::send_all(connection, std::string_view(&byte, 1));
  }
}

}  // namespace mapistore::testing
