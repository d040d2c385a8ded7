#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <mapistore/host.h>
#include <mapistore/uri.h>

#include "backends/dav/http_client.h"
#include "backends/dav/multistatus.h"
#include "backends/dav/server_profile.h"

namespace mapistore::dav {

/// Waits as long as the caller does, at most `time`. Errc::cancelled, Errc::timed_out.
Result<> sleep(const Call& call, std::chrono::nanoseconds time);

/// One account on one server: says who asks, follows redirects that may be followed, waits as the server wants it.
///
/// Credentials go to the host they are for and nowhere else, but for the hosts of the same service that
/// ServerProfile::domains names. Thread-safe.
class Server {
 public:
  struct Settings {
    ContextUri uri;         ///< whose secret is asked for
    Url base;               ///< whose host the credentials are for
    std::string user;       ///< of basic and digest
    bool is_token = false;  ///< the secret is an OAuth 2 access token
    bool wants_digest = false;
    std::string profile{};  ///< of this name, whatever the server looks like
    HttpClient::Settings client;
  };

  Server(Host& host, Settings settings);

  /// Sends `request` to an address of this server and answers what came, a refusal too, but one of the credentials
  /// (Errc::authentication_failed). Errc::access_denied: it leads to a host that is not to have them. Repeats what
  /// changes nothing after a lost connection, and anything that a busy server refused with 429, 503 or a quota's 403.
  Result<Response> send(const Call& call, Request request);

  /// A request that is answered by 207, else the error that its status means.
  Result<Multistatus> ask(const Call& call, std::string_view method, const Url& url, std::string_view depth,
                          std::string body);

  /// Asks the server at `url` what it is, unless its answers have told that already. What it does not tell is no error.
  Result<> identify(const Call& call, const Url& url);

  const ServerProfile& profile() const noexcept { return *profile_.load(); }
  Host& host() const noexcept { return host_; }

 private:
  Result<Authorization> authorization();
  /// Whether it is worth another try with what is now the way to say who asks.
  Result<bool> other_authorization(const Authorization& refused, const Response& response);
  Result<Response> send_authorized(const Call& call, const Request& request);
  Result<Response> send_patiently(const Call& call, const Request& request);
  Result<Url> redirected(const Url& from, const Response& response) const;
  Result<> check_trusted(const Url& url) const;
  void note_server(const Response& response);

  Host& host_;
  const Settings settings_;
  HttpClient client_;
  std::atomic<const ServerProfile*> profile_;
  std::atomic<bool> has_seen_{false};

  std::mutex mutex_;  ///< held while the secret is asked for
  std::optional<std::string> secret_;
  std::optional<Error> no_secret_;  ///< why there is none: some servers want none
  bool uses_digest_;
};

}  // namespace mapistore::dav
