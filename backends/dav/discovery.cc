#include "backends/dav/discovery.h"

#include <algorithm>
#include <array>

namespace mapistore::dav {
namespace {

unsigned components_of(const Resource& resource, const ServerProfile& profile) {
  if (resource.is_address_book) return component::card;
  if (!resource.is_calendar) return 0;
  unsigned components = resource.components.value_or(component::any_calendar);
  if (!profile.takes_tasks) components &= ~component::task;
  if (!profile.takes_journals) components &= ~component::journal;
  return components;
}

Collection collection_of(const Resource& resource, const ServerProfile& profile) {
  Collection found{.key = {resource.url.last_segment()},
                   .url = resource.url,
                   .display_name = resource.display_name,
                   .components = components_of(resource, profile),
                   .read_only = !resource.may_write.value_or(true),
                   .special = false,
                   .version = resource.ctag.empty() ? resource.sync_token : resource.ctag};
  if (!found.url.path.ends_with('/')) found.url.path += '/';
  if (profile.keyed_by_path) found.key.bytes = percent_decoded(found.url.path);
  if (found.display_name.empty()) found.display_name = found.key.bytes;
  found.special = found.key.bytes == profile.special;
  return found;
}

void add_homes(const Resource& resource, unsigned wanted, std::vector<Home>& homes) {
  const auto add = [&homes](const std::vector<Url>& urls) {
    for (const Url& url : urls)
      if (std::ranges::find(homes, url, &Home::url) == homes.end()) homes.push_back({url});
  };
  if ((wanted & component::any_calendar) != 0) add(resource.calendar_homes);
  if ((wanted & component::card) != 0) add(resource.address_book_homes);
}

/// What the one resource at `url` says of itself.
Result<Resource> describe(const Call& call, Server& server, const Url& url) {
  auto answer = MAPISTORE_TRY(server.ask(call, "PROPFIND", url, "0", requests::describe(requests::Version::none)));
  if (answer.resources.empty()) return fail(Errc::not_found, url.text(), "the server says nothing of it");
  Resource resource = std::move(answer.resources.front());
  if (resource.status >= 400) return fail(Errc::not_found, url.text(), "is not there");
  return resource;
}

/// The homes that a resource names, or the principal that it names.
Result<std::vector<Home>> homes_of(const Call& call, Server& server, const Resource& resource, unsigned wanted) {
  std::vector<Home> homes;
  add_homes(resource, wanted, homes);
  if (homes.empty() && resource.principal && *resource.principal != resource.url)
    add_homes(MAPISTORE_TRY(describe(call, server, *resource.principal)), wanted, homes);
  return homes;
}

/// Whether another place may do better than one that failed so.
bool may_be_elsewhere(Errc code) {
  return code != Errc::authentication_failed && code != Errc::timed_out && code != Errc::cancelled &&
         code != Errc::unreachable && code != Errc::connection_refused && code != Errc::invalid_configuration;
}

Result<Place> discover_account(const Call& call, Server& server, const Url& start, unsigned wanted) {
  const std::array<std::string_view, 5> places{
      (wanted & component::any_calendar) != 0 ? "/.well-known/caldav" : "/.well-known/carddav", "/", "/SOGo/dav/",
      "/dav/", "/remote.php/dav/"};
  std::optional<Error> elsewhere;
  for (const std::string_view path : places) {
    Url url = start;
    url.path = path;
    auto resource = describe(call, server, url);
    auto homes = resource ? homes_of(call, server, *resource, wanted)
                          : Result<std::vector<Home>>{std::unexpected(resource.error())};
    if (homes && !homes->empty()) return Place{*std::move(homes), std::nullopt};
    if (homes) continue;
    if (!may_be_elsewhere(homes.error().code)) return std::unexpected(std::move(homes).error());
    if (homes.error().code == Errc::access_denied && !elsewhere) elsewhere = std::move(homes).error();
  }
  if (elsewhere) return std::unexpected(*std::move(elsewhere));
  return fail(Errc::not_found, start.text(), "tells of no calendars or address books of this user",
              "write the path of one, or of their home, in the URI");
}

}  // namespace

Result<Place> discover(const Call& call, Server& server, const Url& start, unsigned wanted) {
  if (start.path == "/") return discover_account(call, server, start, wanted);
  const Resource resource = MAPISTORE_TRY(describe(call, server, start));
  const unsigned components = components_of(resource, server.profile());
  if ((components & wanted) != 0) return Place{{}, collection_of(resource, server.profile())};
  const auto nothing = [&start] {
    return fail(Errc::not_found, start.text(), "is neither a collection of the kind asked for nor leads to one");
  };
  if (components != 0) return nothing();
  auto homes = MAPISTORE_TRY(homes_of(call, server, resource, wanted));
  // A principal leads to its homes; any other collection is one, whatever its owner's are.
  if (resource.is_collection && !resource.is_principal) homes = {{resource.url}};
  if (homes.empty()) return nothing();
  return Place{std::move(homes), std::nullopt};
}

Result<std::vector<Collection>> list_collections(const Call& call, Server& server, const std::vector<Home>& homes,
                                                 unsigned wanted, requests::Version version) {
  std::vector<Collection> found;
  for (const Home& home : homes) {
    const std::string_view depth = home.is_collection ? "0" : "1";
    const auto answer = MAPISTORE_TRY(server.ask(call, "PROPFIND", home.url, depth, requests::describe(version)));
    for (const Resource& resource : answer.resources) {
      Collection collection = collection_of(resource, server.profile());
      if (resource.status >= 400 || (collection.components & wanted) == 0) continue;
      const auto is_same = [&](const Collection& other) { return other.url == collection.url; };
      if (std::ranges::any_of(found, is_same)) continue;
      // Two homes may have a collection of the same name each.
      if (std::ranges::find(found, collection.key, &Collection::key) != found.end())
        collection.key.bytes = percent_decoded(collection.url.path);
      found.push_back(std::move(collection));
    }
  }
  return found;
}

}  // namespace mapistore::dav
