#include "backends/dav/server_profile.h"

#include <algorithm>
#include <array>

#include "backends/dav/text.h"

namespace mapistore::dav {
namespace {

constexpr auto profiles = std::to_array<ServerProfile>({
    {.name = "radicale", .checks_conditions = true, .moves = true},
    {.name = "xandikos", .batch = 50, .checks_conditions = true},
    {.name = "sogo",
     .batch = 250,
     .reuses_etags = true,
     .counts_seconds = true,
     .loses_astral = true,
     .mistakes_quotes = true,
     .takes_journals = false,
     .special = "personal"},
    {.name = "cyrus", .connections = 4, .batch = 250, .checks_conditions = true, .moves = true, .special = "Default"},
    {.name = "google",
     .batch = 10,
     .makes_collections = false,
     .names_by_uid = true,
     .keyed_by_path = true,
     .takes_tasks = false,
     .takes_journals = false,
     .domains = "googleapis.com googleusercontent.com"},
    {.name = "icloud", .batch = 10, .takes_tasks = false, .takes_journals = false, .domains = "icloud.com"},
    {.name = "fastmail", .connections = 4, .takes_tasks = false, .domains = "fastmail.com"},
    {.name = "nextcloud", .connections = 4, .checks_conditions = true},
    {.name = "generic"},
});

const ServerProfile& named(std::string_view name) { return *std::ranges::find(profiles, name, &ServerProfile::name); }

bool is_of_domain(std::string_view host, std::string_view domain) {
  return host == domain || (host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.');
}

}  // namespace

const ServerProfile* profile_named(std::string_view name) {
  const auto* const found = std::ranges::find(profiles, name, &ServerProfile::name);
  return found != profiles.end() ? found : nullptr;
}

const ServerProfile& profile_of(const Url& url, const Response& answer) {
  for (const auto& [domain, name] :
       {std::pair{"icloud.com", "icloud"}, std::pair{"fastmail.com", "fastmail"}, std::pair{"googleapis.com", "google"},
        std::pair{"googleusercontent.com", "google"}})
    if (is_of_domain(url.host, domain)) return named(name);
  const std::string_view server = answer.header("server"), classes = answer.header("dav");
  if (url.path.starts_with("/SOGo/") || contains_nocase(server, "SOPE") || !answer.header("x-dav-error").empty())
    return named("sogo");
  if (contains_nocase(server, "Cyrus")) return named("cyrus");
  if (contains_nocase(classes, "nextcloud")) return named("nextcloud");
  if (contains_nocase(server, "aiohttp") || (classes.contains("add-member") && !classes.contains("access-control")))
    return named("xandikos");
  if (contains_nocase(server, "WSGIServer") || contains_nocase(server, "Radicale") ||
      classes == "1, 2, 3, calendar-access, addressbook, extended-mkcol")
    return named("radicale");
  return named("generic");
}

}  // namespace mapistore::dav
