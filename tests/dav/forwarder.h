#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/dav_server.h"
#include "tests/support/scripted_http.h"

namespace mapistore::dav_tests {

/// A real server behind a front that counts and may answer in its place.
class Forwarder {
 public:
  /// `meddle` may answer a request itself (else its bytes are empty), and change the body of an answer.
  using Meddle = std::function<testing::ScriptedHttp::Reply(const testing::ScriptedHttp::Request&)>;
  using Change = std::function<void(std::string& body)>;

  Forwarder(const testing::RawHttp& server, Meddle meddle = {}, Change change = {})
      : server_{server}, meddle_{std::move(meddle)}, change_{std::move(change)} {}

  std::string authority(const std::string& user) const { return user + "@127.0.0.1:" + std::to_string(front_.port()); }
  std::size_t count() const { return front_.requests().size(); }
  std::vector<testing::ScriptedHttp::Request> requests() const { return front_.requests(); }

 private:
  testing::ScriptedHttp::Reply forward(const testing::ScriptedHttp::Request& request) const {
    if (meddle_)
      if (auto reply = meddle_(request); !reply.bytes.empty()) return reply;
    std::vector<std::string> headers, names{"Depth", "If-Match", "If-None-Match", "Content-Type", "Prefer"};
    // Else answers come uncompressed, and can be changed.
    if (request.method == "PUT") names.emplace_back("Accept-Encoding");
    for (const std::string& name : names) {
      const std::size_t at = request.head.find("\r\n" + name + ": ");
      if (at != std::string::npos)
        headers.push_back(request.head.substr(at + 2, request.head.find("\r\n", at + 2) - at - 2));
    }
    auto answer = server_.send(request.method, request.path, request.body, headers);
    if (change_) change_(answer.body);
    return testing::ScriptedHttp::reply(answer.status, answer.body, answer.about);
  }

  const testing::RawHttp server_;
  const Meddle meddle_;
  const Change change_;
  testing::ScriptedHttp front_{[this](const testing::ScriptedHttp::Request& request) { return forward(request); }};
};

}  // namespace mapistore::dav_tests
