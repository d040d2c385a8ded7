#include "backends/dav/address.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "backends/dav/multistatus.h"

namespace mapistore::dav {
namespace {

constexpr unsigned everything = component::any_calendar | component::card;

/// The modules of a SOGo account that the old URIs name in place of a host.
struct Module {
  std::string_view name;
  unsigned wanted;          ///< 0: not to be had by DAV
  std::string_view folder;  ///< of the account
  std::string_view hint;
};
constexpr auto modules = std::to_array<Module>({
    {"calendar", component::event, "Calendar", ""},
    {"tasks", component::task, "Calendar", ""},
    {"contacts", component::card, "Contacts", ""},
    {"mail", 0, "", "mount SOGo's mail server with imaps://user@host/"},
    {"outbox", 0, "", "mount SOGo's mail server with imaps://user@host/"},
    {"notes", 0, "", "SOGo has no notes: name a file:// or sqlite:// folder in the profile"},
    {"journal", 0, "", "SOGo has no journal: name a file:// or sqlite:// folder in the profile"},
    {"fallback", 0, "", "name a file:// or sqlite:// folder in the profile"},
    {"folder", 0, "", "write sogo://user@calendar/, sogo://user@tasks/ or sogo://user@contacts/"},
});

std::string bare_host(std::string host) {
  return host.contains(':') && !host.starts_with('[') ? '[' + host + ']' : host;
}

/// The host of the URI as an address over `is_secure`.
Url url_of(const ContextUri& uri, bool is_secure) {
  Url url{.is_secure = is_secure, .host = bare_host(uri.host()), .port = 443, .path = "/"};
  url.port = uri.port().value_or(is_secure ? 443 : 80);
  if (auto resolved = url.resolve(uri.path().empty() ? "/" : uri.path())) url.path = resolved->path;
  return url;
}

Result<std::optional<Url>> url_option(const OptionReader& options) {
  const std::string text = options.text("url");
  if (text.empty()) return std::nullopt;
  auto url = Url::parse(text);
  if (!url) return fail(Errc::invalid_configuration, "url", "is no https address");
  return url;
}

Result<Address> read_dav(const ContextUri& uri, const OptionReader&) {
  if (uri.host().empty())
    return fail(Errc::invalid_uri, uri.to_string(), "names no server", "write " + uri.scheme() + "://user@host/");
  const bool is_secure = uri.scheme().ends_with('s');
  const unsigned wanted = uri.scheme().starts_with("caldav") ? component::any_calendar : component::card;
  Url url = url_of(uri, is_secure);
  // A collection's address ends in a slash, which a normalised URI has lost.
  if (!url.path.ends_with('/')) url.path += '/';
  return Address{.user = uri.user(), .starts = {{url, wanted}}, .wanted = wanted, .profile = {}, .is_token = false};
}

/// A path's first step, and the rest.
std::pair<std::string, std::string> first_step(std::string_view path) {
  const std::size_t begin = std::min(path.find_first_not_of('/'), path.size());
  const std::size_t end = std::min(path.find('/', begin), path.size());
  return {std::string(path.substr(begin, end - begin)), std::string(path.substr(end))};
}

Result<Address> read_sogo(const ContextUri& uri, const OptionReader& options) {
  if (uri.user().empty() || uri.host().empty())
    return fail(Errc::invalid_uri, uri.to_string(), "does not name a user and a server",
                "write sogo://user@host/, or sogo://user@calendar/ with the option url");
  auto base = MAPISTORE_TRY(url_option(options));
  // The module stands in the place of the host, or is the first step of the path.
  const bool is_old_form = std::ranges::find(modules, uri.host(), &Module::name) != modules.end();
  const auto [name, path] = is_old_form ? std::pair{uri.host(), uri.path()} : first_step(uri.path());
  const auto* const module = std::ranges::find(modules, name, &Module::name);
  const bool is_module = module != modules.end();
  if (!is_module && !name.empty())
    return fail(Errc::invalid_uri, uri.to_string(), "names no part of an account",
                "write sogo://user@host/calendar/, /tasks/ or /contacts/");
  if (is_module && module->wanted == 0)
    return fail(Errc::unsupported, uri.to_string(), "is not to be had from SOGo's calendar server", module->hint);
  if (is_old_form && !base)
    return fail(Errc::invalid_configuration, uri.to_string(), "names no server", "say url = \"https://host/\"");
  if (!base) {
    // A certificate that is asked for is looked at, even of a server of this machine.
    const bool is_plain =
        MAPISTORE_TRY(options.flag("insecure", is_loopback(uri.host()) && options.text("tls_ca").empty()));
    base = url_of(uri, !is_plain);
    base->path = "/";
  }
  Url account = *base;
  if (!account.path.ends_with('/')) account.path += '/';
  if (!account.path.contains("/dav/")) account = account.child("SOGo", true).child("dav", true);
  account = account.child(uri.user(), true);
  const std::size_t begin = path.find_first_not_of('/');
  if (begin != std::string::npos)
    account =
        account.child(module->folder, true).child(path.substr(begin, path.find_last_not_of('/') - begin + 1), true);
  const unsigned wanted = is_module ? module->wanted : everything;
  return Address{
      .user = uri.user(), .starts = {{account, wanted}}, .wanted = wanted, .profile = "sogo", .is_token = false};
}

/// CalDAV API v2 and CardDAV of Google, developers.google.com.
Result<Address> read_google(const ContextUri& uri, const OptionReader& options) {
  const std::string account = uri.user().empty() ? uri.host() : uri.user() + '@' + uri.host();
  if (!account.contains('@'))
    return fail(Errc::invalid_uri, uri.to_string(), "names no account", "write google://you@gmail.com/");
  const auto other = MAPISTORE_TRY(url_option(options));
  Url calendars{.is_secure = true, .host = "apidata.googleusercontent.com", .port = 443, .path = "/"};
  Url contacts{.is_secure = true, .host = "www.googleapis.com", .port = 443, .path = "/"};
  if (other) calendars = contacts = *other;
  calendars = calendars.child("caldav", true).child("v2", true).child(account, true).child("user", false);
  contacts.path = "/.well-known/carddav";
  return Address{.user = account,
                 .starts = {{calendars, component::any_calendar}, {contacts, component::card}},
                 .wanted = component::event | component::card,
                 .profile = "google",
                 .is_token = true};
}

}  // namespace

Result<Address> Address::read(const ContextUri& uri, const OptionReader& options) {
  Address address = MAPISTORE_TRY(uri.scheme() == "sogo"     ? read_sogo(uri, options)
                                  : uri.scheme() == "google" ? read_google(uri, options)
                                                             : read_dav(uri, options));
  address.is_token = address.is_token || options.text("auth") == "oauth2" || options.has("oauth2");
  return address;
}

}  // namespace mapistore::dav
