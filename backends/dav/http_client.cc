#include "backends/dav/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <stop_token>

#include <mapistore/uri.h>

#include "backends/dav/text.h"

namespace mapistore::dav {
namespace {

/// At most this long after a stop request or deadline, should a wake-up be missed.
constexpr int longest_sleep_ms = 200;
constexpr std::size_t longest_header = 64 * 1024;

// CURL and CURLM are both void.
struct FreeEasy {
  void operator()(CURL* handle) const noexcept { ::curl_easy_cleanup(handle); }
};
struct FreeMulti {
  void operator()(CURLM* handle) const noexcept { ::curl_multi_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const noexcept { ::curl_slist_free_all(list); }
};

bool is_ready() {
  static const CURLcode done = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  return done == CURLE_OK;
}

/// What curl hands over of one answer.
struct Arriving {
  Response response;
  std::size_t limit = 0, header_bytes = 0;
  bool is_too_large = false;
};

std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* target) {
  auto& arriving = *static_cast<Arriving*>(target);
  if (arriving.response.body.size() + count > arriving.limit) {
    arriving.is_too_large = true;
    return 0;
  }
  arriving.response.body.append(bytes, count);
  return count;
}

std::size_t take_header(char* bytes, std::size_t, std::size_t count, void* target) {
  auto& arriving = *static_cast<Arriving*>(target);
  const std::string_view line{bytes, count};
  arriving.header_bytes += count;
  if (arriving.header_bytes > longest_header) {
    arriving.is_too_large = true;
    return 0;
  }
  // A status line: an interim answer came before it.
  if (line.starts_with("HTTP/")) {
    arriving.response.headers.clear();
    arriving.response.body.clear();
    return count;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return count;
  const std::string_view value = trimmed(line.substr(colon + 1));
  auto& held = arriving.response.headers[lower_case(trimmed(line.substr(0, colon)))];
  if (!held.empty()) held += ", ";
  held += value;
  return count;
}

Error tls_error(CURL* handle, const Url& url, std::string_view detail, const std::string& tls_ca) {
  long verdict = 0;
  ::curl_easy_getinfo(handle, CURLINFO_SSL_VERIFYRESULT, &verdict);
  return {Errc::authentication_failed, url.text(), "its certificate is not trusted: " + std::string(detail),
          tls_ca.empty() ? "if the certificate is right for " + url.host + ", name its issuer's file as tls_ca"
                         : "see whether " + tls_ca + " holds the issuer of the server's certificate"};
}

}  // namespace

/// One transfer at a time, and the connection that is kept after it.
class HttpClient::Lane {
 public:
  Lane() : multi_{::curl_multi_init()}, easy_{::curl_easy_init()} {}
  ~Lane() { easy_.reset(); }

  bool is_usable() const noexcept { return multi_ && easy_; }
  Result<Response> perform(const Call& call, const Request& request, const Authorization& authorization,
                           const Settings& settings);

 private:
  void prepare(const Request& request, const Authorization& authorization, const Settings& settings,
               Arriving& arriving);
  Result<CURLcode> run(const Call& call);
  Error failure(CURLcode code, const Request& request, const Settings& settings) const;
  template <class Value>
  void set(CURLoption option, Value value) {
    ::curl_easy_setopt(easy_.get(), option, value);
  }

  std::unique_ptr<CURLM, FreeMulti> multi_;
  std::unique_ptr<CURL, FreeEasy> easy_;
  std::unique_ptr<curl_slist, FreeList> headers_;
  std::string address_;
  char detail_[CURL_ERROR_SIZE] = {};
};

void HttpClient::Lane::prepare(const Request& request, const Authorization& authorization, const Settings& settings,
                               Arriving& arriving) {
  ::curl_easy_reset(easy_.get());  // connections, sessions and the DNS cache stay
  address_ = request.url.text();
  set(CURLOPT_URL, address_.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  if (is_loopback(request.url.host)) set(CURLOPT_PROXY, "");  // what the environment names is for others
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_HTTP_VERSION, request.url.is_secure ? long{CURL_HTTP_VERSION_2TLS} : long{CURL_HTTP_VERSION_1_1});
  set(CURLOPT_ACCEPT_ENCODING, "");
  set(CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  if (!settings.tls_ca.empty()) {
    set(CURLOPT_CAINFO, settings.tls_ca.c_str());
    set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  }
  set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  set(CURLOPT_NOBODY, request.method == "HEAD" ? 1L : 0L);
  curl_slist* list = nullptr;
  const auto add = [&list](const std::string& line) { list = ::curl_slist_append(list, line.c_str()); };
  add("User-Agent: mapistorefs/0.1");
  add("Expect:");
  for (const std::string& line : request.headers) add(line);
  if (!request.body.empty() || request.method == "PUT") {
    set(CURLOPT_POSTFIELDS, request.body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  using Kind = Authorization::Kind;
  if (authorization.kind == Kind::bearer) {
    add("Authorization: Bearer " + authorization.secret);
  } else if (authorization.kind != Kind::none) {
    set(CURLOPT_HTTPAUTH, authorization.kind == Kind::digest ? CURLAUTH_DIGEST : CURLAUTH_BASIC);
    set(CURLOPT_USERNAME, authorization.user.c_str());
    set(CURLOPT_PASSWORD, authorization.secret.c_str());
  }
  headers_.reset(list);
  set(CURLOPT_HTTPHEADER, list);
  set(CURLOPT_WRITEFUNCTION, &take_body);
  set(CURLOPT_WRITEDATA, &arriving);
  set(CURLOPT_HEADERFUNCTION, &take_header);
  set(CURLOPT_HEADERDATA, &arriving);
  set(CURLOPT_ERRORBUFFER, static_cast<char*>(detail_));
}

Result<CURLcode> HttpClient::Lane::run(const Call& call) {
  const std::stop_callback wake{call.stop, [this] { ::curl_multi_wakeup(multi_.get()); }};
  for (;;) {
    int running = 0;
    if (::curl_multi_perform(multi_.get(), &running) != CURLM_OK) return CURLE_FAILED_INIT;
    int left = 0;
    while (const CURLMsg* message = ::curl_multi_info_read(multi_.get(), &left))
      if (message->msg == CURLMSG_DONE) return message->data.result;
    if (running == 0) return CURLE_FAILED_INIT;
    MAPISTORE_CHECK(call.check());
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(call.deadline - std::chrono::steady_clock::now());
    const auto sleep = std::clamp<std::int64_t>(rest.count(), 1, longest_sleep_ms);
    ::curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(sleep), nullptr);
  }
}

Error HttpClient::Lane::failure(CURLcode code, const Request& request, const Settings& settings) const {
  const std::string detail = detail_[0] != '\0' ? std::string(detail_) : std::string(::curl_easy_strerror(code));
  long number = 0;
  ::curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &number);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return {Errc::unreachable, request.url.host, "has no address", "check the name"};
    case CURLE_COULDNT_CONNECT:
      return {number == ECONNREFUSED ? Errc::connection_refused : Errc::unreachable, request.url.text(), detail,
              "see whether the server runs and can be reached"};
    case CURLE_PEER_FAILED_VERIFICATION: return tls_error(easy_.get(), request.url, detail, settings.tls_ca);
    case CURLE_SSL_CACERT_BADFILE:
      return {Errc::invalid_configuration, settings.tls_ca, "cannot be read as certificates",
              "tls_ca names a file of certificates in PEM"};
    case CURLE_SSL_CONNECT_ERROR:
      return {Errc::disconnected, request.url.text(), "speaks no TLS with us: " + detail, {}};
    case CURLE_OUT_OF_MEMORY: return {Errc::no_memory, request.url.text(), detail, {}};
    default: return {Errc::disconnected, request.url.text(), "the answer was cut off: " + detail, "try again"};
  }
}

Result<Response> HttpClient::Lane::perform(const Call& call, const Request& request, const Authorization& authorization,
                                           const Settings& settings) {
  Arriving arriving;
  arriving.limit = request.limit;
  prepare(request, authorization, settings, arriving);
  if (::curl_multi_add_handle(multi_.get(), easy_.get()) != CURLM_OK)
    return fail(Errc::no_memory, request.url.text(), "no transfer can begin");
  auto done = run(call);
  ::curl_multi_remove_handle(multi_.get(), easy_.get());
  if (!done) return std::unexpected(std::move(done).error());
  if (arriving.is_too_large)
    return fail(Errc::too_large, request.url.text(),
                "the server's answer has more than " + std::to_string(request.limit) + " bytes");
  if (*done != CURLE_OK) return std::unexpected(failure(*done, request, settings));
  long status = 0;
  ::curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  arriving.response.status = static_cast<int>(status);
  arriving.response.url = request.url;
  return std::move(arriving.response);
}

HttpClient::HttpClient(Settings settings) : settings_{std::move(settings)}, most_{settings_.connections} {}

HttpClient::~HttpClient() = default;

void HttpClient::limit_connections(unsigned most) {
  const std::lock_guard lock{mutex_};
  most_ = std::min(most_, most);
}

Result<std::unique_ptr<HttpClient::Lane>> HttpClient::take_lane(const Call& call) {
  std::unique_lock lock{mutex_};
  const auto may_go = [this] { return in_use_ < most_; };
  // Until a time that a clock can be set to.
  const auto end = std::min(call.deadline, std::chrono::steady_clock::now() + std::chrono::hours{24});
  changed_.wait_until(lock, call.stop, end, may_go);
  MAPISTORE_CHECK(call.check());
  if (!may_go()) return fail(Errc::timed_out, {}, "all connections are busy");
  std::unique_ptr<Lane> lane;
  if (idle_.empty()) {
    lane = is_ready() ? std::make_unique<Lane>() : nullptr;
    if (!lane || !lane->is_usable()) return fail(Errc::no_memory, {}, "no connection can be made");
  } else {
    lane = std::move(idle_.back());
    idle_.pop_back();
  }
  ++in_use_;
  return lane;
}

void HttpClient::give_back(std::unique_ptr<Lane> lane) {
  const std::lock_guard lock{mutex_};
  idle_.push_back(std::move(lane));
  --in_use_;
  changed_.notify_one();
}

Result<Response> HttpClient::perform(const Call& call, const Request& request, const Authorization& authorization) {
  MAPISTORE_CHECK(call.check());
  if (!request.url.is_secure && !settings_.allows_plain && !is_loopback(request.url.host))
    return fail(Errc::invalid_configuration, request.url.text(), "would send what it is told in the clear",
                "use caldavs or carddavs, or say insecure = true");
  auto lane = MAPISTORE_TRY(take_lane(call));
  auto response = lane->perform(call, request, authorization, settings_);
  give_back(std::move(lane));
  return response;
}

}  // namespace mapistore::dav
