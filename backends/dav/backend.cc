#include "backends/dav/backend.h"

#include <algorithm>
#include <array>

#include "backends/dav/address.h"
#include "backends/dav/context.h"
#include "backends/dav/discovery.h"

namespace mapistore::dav {
namespace {

constexpr std::array<std::string_view, 7> option_names{"auth",   "connections", "insecure", "poll",
                                                       "server", "tls_ca",      "url"};
constexpr unsigned most_connections = 64;

/// All that `address` stands for. What of an account cannot be had is told in the log, as long as there is something.
Result<Place> find_place(const Call& call, Server& server, const Address& address) {
  if (address.starts.size() == 1) return discover(call, server, address.starts[0].url, address.starts[0].wanted);
  Place all;
  std::optional<Error> failure;
  for (const Address::Start& start : address.starts) {
    auto place = discover(call, server, start.url, start.wanted);
    if (!place) {
      server.host().log(LogLevel::warning, start.url.text(), place.error().to_string());
      failure = std::move(place).error();
      continue;
    }
    std::ranges::copy(place->homes, std::back_inserter(all.homes));
    if (place->only) all.homes.push_back({place->only->url, true});
  }
  if (all.homes.empty() && failure) return std::unexpected(*std::move(failure));
  return all;
}

class DavBackend final : public Backend {
 public:
  explicit DavBackend(Host& host) : host_{host} {}

  std::vector<std::string> namespaces() const override {
    return {"caldav", "caldavs", "carddav", "carddavs", "sogo", "google"};
  }
  std::vector<std::string> option_names() const override {
    return {dav::option_names.begin(), dav::option_names.end()};
  }

  Result<std::unique_ptr<Context>> open(const Call& call, const ContextUri& uri, const ContextOptions& given) override {
    MAPISTORE_CHECK(call.check());
    const OptionReader options{given};
    const Address address = MAPISTORE_TRY(Address::read(uri, options));
    Server::Settings settings{
        .uri = uri,
        .base = address.starts.front().url,
        .user = address.user,
        .is_token = address.is_token,
        .wants_digest = options.text("auth") == "digest",
        .profile = options.has("server") ? options.text("server") : address.profile,
        .client = {.tls_ca = options.text("tls_ca"),
                   .connections = MAPISTORE_TRY(options.number("connections", 4, most_connections)),
                   .allows_plain = MAPISTORE_TRY(options.flag("insecure", false))}};
    if (!settings.profile.empty() && profile_named(settings.profile) == nullptr)
      return fail(Errc::invalid_configuration, "server = " + settings.profile, "is no kind of server that we know",
                  "leave it out");
    const auto poll = MAPISTORE_TRY(options.duration("poll", std::chrono::seconds{60}));
    auto server = std::make_shared<Server>(host_, std::move(settings));
    Place place = MAPISTORE_TRY(find_place(call, *server, address));
    MAPISTORE_CHECK(server->identify(call, place.only ? place.only->url : place.homes.front().url));
    return std::make_unique<DavContext>(
        std::move(server), std::move(place),
        DavContext::Settings{.name = uri.to_string(), .wanted = address.wanted, .poll = poll});
  }

 private:
  Host& host_;
};

}  // namespace

std::unique_ptr<Backend> make_backend(Host& host) { return std::make_unique<DavBackend>(host); }

}  // namespace mapistore::dav
