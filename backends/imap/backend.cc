#include "backends/imap/backend.h"

#include <algorithm>
#include <array>

#include <mapistore/option_reader.h>

#include "backends/imap/context.h"

namespace mapistore::imap {
namespace {

constexpr std::array<std::string_view, 7> option_names{"auth", "compress", "connections", "insecure",
                                                       "poll", "starttls", "tls_ca"};
constexpr unsigned most_connections = 64;

class ImapBackend final : public Backend {
 public:
  explicit ImapBackend(Host& host) : host_{host} {}

  std::vector<std::string> namespaces() const override { return {"imap", "imaps"}; }
  std::vector<std::string> option_names() const override {
    return {imap::option_names.begin(), imap::option_names.end()};
  }

  Result<std::unique_ptr<Context>> open(const Call& call, const ContextUri& uri, const ContextOptions& given) override {
    const OptionReader options{given};
    if (uri.host().empty())
      return fail(Errc::invalid_uri, uri.to_string(), "names no mail server",
                  "write " + uri.scheme() + "://user@host/");
    if (uri.user().empty())
      return fail(Errc::invalid_uri, uri.to_string(), "names no user", "write " + uri.scheme() + "://user@host/");
    ImapContext::Settings settings{.account = {.uri = uri, .session = {}}, .base = uri.path(), .poll = {}};
    SessionSettings& session = settings.account.session;
    session.host = uri.host();
    session.port = uri.port().value_or(0);
    session.credentials.user = uri.user();
    session.tls_ca = options.text("tls_ca");
    session.utf8_names = true;
    session.compress = MAPISTORE_TRY(options.flag("compress", true));
    session.security = MAPISTORE_TRY(security(uri, options));
    const std::string auth = options.text("auth");
    settings.account.is_token = auth == "oauth2" || given.contains("oauth2");
    if (auth != "oauth2") session.credentials.mechanism = auth;
    settings.account.one_connection = MAPISTORE_TRY(options.number("connections", 3, most_connections)) == 1;
    settings.poll =
        std::chrono::ceil<std::chrono::seconds>(MAPISTORE_TRY(options.duration("poll", std::chrono::minutes{1})));
    return MAPISTORE_TRY(ImapContext::open(call, host_, std::move(settings)));
  }

 private:
  static Result<Security> security(const ContextUri& uri, const OptionReader& options) {
    if (uri.scheme() == "imaps") return Security::tls;
    const bool is_insecure = MAPISTORE_TRY(options.flag("insecure", false));
    const bool wants_tls = MAPISTORE_TRY(options.flag("starttls", !is_insecure && !is_loopback(uri.host())));
    return wants_tls ? Security::starttls : Security::none;
  }

  Host& host_;
};

}  // namespace

std::unique_ptr<Backend> make_backend(Host& host) { return std::make_unique<ImapBackend>(host); }

}  // namespace mapistore::imap
