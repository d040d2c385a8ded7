#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/call.h>

#include "backends/dav/url.h"

namespace mapistore::dav {

struct Request {
  std::string method = "GET";
  Url url;
  std::vector<std::string> headers{};  ///< whole lines
  std::string body{};
  std::size_t limit = std::size_t{64} << 20;  ///< of the answer's body; more is Errc::too_large
};

struct Response {
  Url url;  ///< which answered
  int status = 0;
  std::map<std::string, std::string, std::less<>> headers;  ///< names in lower case, repeated ones joined by ", "
  std::string body;

  /// Empty: there is none.
  std::string_view header(std::string_view name) const {
    const auto found = headers.find(name);
    return found != headers.end() ? std::string_view{found->second} : std::string_view{};
  }
  bool is_success() const noexcept { return status >= 200 && status < 300; }
};

/// How a request says whose it is.
struct Authorization {
  enum class Kind : std::uint8_t { none, basic, digest, bearer };
  Kind kind = Kind::none;
  std::string user{};
  std::string secret{};
};

/// HTTP/1.1 and, under TLS, HTTP/2 to one server, over connections that are kept. Certificates are verified. Follows no
/// redirect. Thread-safe.
class HttpClient {
 public:
  struct Settings {
    std::string tls_ca;         ///< file of certificates to trust instead of the system's
    unsigned connections = 4;   ///< at once
    bool allows_plain = false;  ///< http to other machines
  };

  explicit HttpClient(Settings settings);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;

  /// Sends `request` and collects its answer, whatever its status. Ends within a fraction of a second of
  /// `call.deadline` or a stop request. Errc::disconnected: the server may have got it. Errc::too_large.
  Result<Response> perform(const Call& call, const Request& request, const Authorization& authorization);

  /// From now on no more connections at once than this.
  void limit_connections(unsigned most);

 private:
  class Lane;

  Result<std::unique_ptr<Lane>> take_lane(const Call& call);
  void give_back(std::unique_ptr<Lane> lane);

  const Settings settings_;
  std::mutex mutex_;  ///< rank: leaf
  std::condition_variable_any changed_;
  std::vector<std::unique_ptr<Lane>> idle_;
  unsigned in_use_ = 0, most_;
};

}  // namespace mapistore::dav
