#include "backends/dav/server.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>

#include "backends/dav/failure.h"
#include "backends/dav/text.h"

namespace mapistore::dav {
namespace {

constexpr int most_redirects = 5, most_tries = 6;
constexpr std::chrono::milliseconds first_pause{400};

bool changes_nothing(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PROPFIND" || method == "REPORT" || method == "OPTIONS";
}

/// A refusal for now, whose request had no effect.
bool is_throttled(const Response& response) {
  if (response.status == 429 || response.status == 503) return true;
  return response.status == 403 && response.body.size() < 64 * 1024 &&
         (response.body.contains("rateLimitExceeded") || response.body.contains("RateLimitExceeded") ||
          response.body.contains("quotaExceeded"));
}

std::chrono::milliseconds pause_after(const Response& response, int tries) {
  const std::string_view text = response.header("retry-after");
  unsigned seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr unsigned longest = 3600;
  if (error == std::errc{} && end == text.data() + text.size() && seconds <= longest)
    return std::chrono::seconds{seconds} + std::chrono::milliseconds{50};
  return first_pause * (1 << tries);
}

bool is_redirect(int status) { return status == 301 || status == 302 || status == 307 || status == 308; }

}  // namespace

Result<> sleep(const Call& call, std::chrono::nanoseconds time) {
  std::mutex mutex;
  std::unique_lock lock{mutex};
  std::condition_variable_any never;
  never.wait_until(lock, call.stop, std::min(std::chrono::steady_clock::now() + time, call.deadline),
                   [] { return false; });
  return call.check();
}

Server::Server(Host& host, Settings settings)
    : host_{host},
      settings_{std::move(settings)},
      client_{settings_.client},
      profile_{profile_named(settings_.profile)},
      uses_digest_{settings_.wants_digest} {
  if (profile_ == nullptr) profile_ = profile_named("generic");
}

Result<Authorization> Server::authorization() {
  const std::lock_guard lock{mutex_};
  if (!secret_ && !no_secret_) {
    auto secret = host_.secret(settings_.uri);
    if (secret)
      secret_ = std::move(*secret);
    else if (secret.error().code == Errc::not_found)
      no_secret_ = std::move(secret).error();
    else
      return std::unexpected(std::move(secret).error());
  }
  using Kind = Authorization::Kind;
  if (!secret_) return Authorization{};
  const Kind kind = settings_.is_token ? Kind::bearer : uses_digest_ ? Kind::digest : Kind::basic;
  return Authorization{kind, settings_.user, *secret_};
}

Result<bool> Server::other_authorization(const Authorization& refused, const Response& response) {
  using Kind = Authorization::Kind;
  const std::lock_guard lock{mutex_};
  if (refused.kind == Kind::none) return std::unexpected(no_secret_.value_or(refusal(401, {}, settings_.base.text())));
  if (secret_ && *secret_ != refused.secret) return true;  // another thread has asked
  const std::string_view challenge = response.header("www-authenticate");
  if (refused.kind == Kind::basic && contains_nocase(challenge, "digest") && !contains_nocase(challenge, "basic"))
    return uses_digest_ = true;
  host_.refuse_secret(settings_.uri);
  auto secret = host_.secret(settings_.uri);
  if (!secret) return std::unexpected(std::move(secret).error());
  const bool is_new = *secret != refused.secret;
  secret_ = std::move(*secret);
  return is_new;
}

Result<> Server::check_trusted(const Url& url) const {
  if (url.same_origin(settings_.base)) return {};
  std::string_view domains = profile().domains;
  while (url.is_secure && !domains.empty()) {
    const std::string_view domain = domains.substr(0, domains.find(' '));
    domains.remove_prefix(std::min(domain.size() + 1, domains.size()));
    if (url.host == domain || url.host.ends_with("." + std::string(domain))) return {};
  }
  return fail(Errc::access_denied, settings_.base.text(), "sends us to another server, " + url.text(),
              "if that one may have the password, write its address in the URI");
}

Result<Url> Server::redirected(const Url& from, const Response& response) const {
  auto to = from.resolve(response.header("location"));
  if (!to || response.header("location").empty())
    return fail(Errc::corrupted, from.text(), "redirects to no address that could be followed");
  // Behind a proxy a server may not know under which scheme and port it is asked.
  if (to->host == from.host && to->port == (to->is_secure ? 443 : 80)) {
    to->is_secure = from.is_secure;
    to->port = from.port;
  }
  MAPISTORE_CHECK(check_trusted(*to));
  return *std::move(to);
}

void Server::note_server(const Response& response) {
  if (!settings_.profile.empty() || response.status == 401 || has_seen_) return;
  const ServerProfile& found = profile_of(response.url, response);
  if (found.name == "generic") return;  // a proxy's own answer tells nothing: the next may
  has_seen_ = true;
  profile_ = &found;
  client_.limit_connections(found.connections);
}

Result<> Server::identify(const Call& call, const Url& url) {
  if (!settings_.profile.empty() || has_seen_) return {};
  const auto answer = send(call, {.method = "OPTIONS", .url = url});
  if (!answer) host_.log(LogLevel::debug, url.text(), "does not say what it is: " + answer.error().to_string());
  return call.check();
}

Result<Response> Server::send_authorized(const Call& call, const Request& request) {
  for (const bool is_last : {false, true}) {
    const Authorization who = MAPISTORE_TRY(authorization());
    auto response = client_.perform(call, request, who);
    if (!response && response.error().code == Errc::disconnected && !is_last && changes_nothing(request.method))
      continue;
    if (!response) return response;
    note_server(*response);
    if (response->status != 401) return response;
    if (!MAPISTORE_TRY(other_authorization(who, *response)) || is_last)
      return std::unexpected(refusal(401, {}, settings_.base.text()));
  }
  std::unreachable();
}

Result<Response> Server::send_patiently(const Call& call, const Request& request) {
  for (int tries = 0;; ++tries) {
    auto response = send_authorized(call, request);
    if (!response || !is_throttled(*response)) return response;
    const auto pause = pause_after(*response, tries);
    if (tries == most_tries || std::chrono::steady_clock::now() + pause >= call.deadline)
      return std::unexpected(refusal(503, {}, request.url.text()));
    MAPISTORE_CHECK(sleep(call, pause));
  }
}

Result<Response> Server::send(const Call& call, Request request) {
  MAPISTORE_CHECK(check_trusted(request.url));
  for (int redirects = 0; redirects <= most_redirects; ++redirects) {
    auto response = send_patiently(call, request);
    if (!response || !is_redirect(response->status)) return response;
    request.url = MAPISTORE_TRY(redirected(request.url, *response));
  }
  return fail(Errc::corrupted, request.url.text(), "redirects without end");
}

Result<Multistatus> Server::ask(const Call& call, std::string_view method, const Url& url, std::string_view depth,
                                std::string body) {
  constexpr std::size_t limit = std::size_t{256} << 20;
  Request request{.method = std::string(method), .url = url, .limit = limit};
  request.headers = {"Depth: " + std::string(depth), "Content-Type: application/xml; charset=utf-8"};
  request.body = std::move(body);
  Response response = MAPISTORE_TRY(send(call, std::move(request)));
  if (response.status != 207) return std::unexpected(refusal(response, url.text()));
  return read_multistatus(std::move(response.body), response.url);
}

}  // namespace mapistore::dav
