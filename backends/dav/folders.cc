// Collections that are made, renamed and removed.

#include <algorithm>

#include "backends/dav/context.h"
#include "backends/dav/discovery.h"
#include "backends/dav/failure.h"
#include "backends/dav/object_reader.h"
#include "backends/dav/random_name.h"
#include "backends/dav/requests.h"

namespace mapistore::dav {
namespace {

/// What a property of XML cannot hold.
Result<> check_display_name(std::string_view name) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  if (name.empty() || std::ranges::any_of(name, is_control))
    return fail(Errc::invalid_argument, name, "cannot be the name of a calendar");
  return {};
}

Result<> check_free(const std::vector<Collection>& all, std::string_view name, const Key* own = nullptr) {
  const auto is_other = [&](const Collection& one) {
    return one.display_name == name && (own == nullptr || one.key != *own);
  };
  if (std::ranges::any_of(all, is_other)) return fail(Errc::exists, name, "there is a collection of this name");
  return {};
}

Result<> set_display_name(const Call& call, Server& server, const Url& url, std::string_view name) {
  Request request{.method = "PROPPATCH", .url = url};
  request.headers = {"Content-Type: application/xml; charset=utf-8"};
  request.body = requests::rename(name);
  const Response response = MAPISTORE_TRY(server.send(call, std::move(request)));
  return check_done(response, response.url, name);
}

/// Servers say many things of a name that has no room in their tables.
std::unexpected<Error> too_long_or(const Error& error, std::string_view name) {
  constexpr std::size_t usual_limit = 255;
  const bool is_refusal = error.code == Errc::invalid_content || error.code == Errc::io ||
                          error.code == Errc::not_found || error.code == Errc::access_denied;
  if (is_refusal && name.size() > usual_limit)
    return fail(Errc::name_too_long, name.substr(0, 80), "is too long a name");
  return std::unexpected(error);
}

Result<> delete_collection(const Call& call, Server& server, const Collection& collection) {
  const Response response = MAPISTORE_TRY(server.send(call, {.method = "DELETE", .url = collection.url}));
  auto done = check_done(response, response.url, collection.display_name);
  if (!done && done.error().code == Errc::access_denied) done.error().code = Errc::not_permitted;
  return done;
}

}  // namespace

Result<FolderEntry> DavContext::create_folder(const Call& call, const FolderPath& parent,
                                              std::string_view display_name) {
  MAPISTORE_CHECK(call.check());
  if (!is_root_of_homes(parent)) {
    MAPISTORE_CHECK(resolve(call, parent));
    return fail(Errc::unsupported, display_name, "calendars and address books hold no folders");
  }
  MAPISTORE_CHECK(check_display_name(display_name));
  if (!server_->profile().makes_collections)
    return fail(Errc::unsupported, display_name, "this server lets no program make calendars",
                "make it on its web page");
  MAPISTORE_CHECK(check_free(MAPISTORE_TRY(list_all(call)), display_name));
  const bool of_cards = (settings_.wanted & component::any_calendar) == 0;
  const Url url = place_.homes.front().url.child(random_name(), true);
  Request request{.method = of_cards ? "MKCOL" : "MKCALENDAR", .url = url};
  request.headers = {"Content-Type: application/xml; charset=utf-8"};
  request.body = of_cards ? requests::make_address_book(display_name) : requests::make_calendar(display_name);
  const Response response = MAPISTORE_TRY(server_->send(call, std::move(request)));
  if (auto done = check_done(response, response.url, display_name); !done)
    return too_long_or(done.error(), display_name);
  const auto find = [&]() -> Result<Collection> {
    const auto all = MAPISTORE_TRY(list_all(call));
    const auto made = std::ranges::find(all, url, &Collection::url);
    if (made == all.end()) return fail(Errc::io, display_name, "the server said that it made it, and did not");
    return *made;
  };
  Collection made = MAPISTORE_TRY(find());
  if (made.display_name == display_name) return folder_entry(made);
  // Some take no name from who makes a collection, but later.
  auto renamed = set_display_name(call, *server_, url, display_name);
  if (renamed) made = MAPISTORE_TRY(find());
  if (renamed && made.display_name == display_name) return folder_entry(made);
  MAPISTORE_CHECK(delete_collection(call, *server_, made));
  if (!renamed) return too_long_or(renamed.error(), display_name);
  return fail(Errc::invalid_argument, display_name, "is a name that this server would change");
}

Result<FolderEntry> DavContext::rename_folder(const Call& call, const FolderPath& folder, const FolderPath& new_parent,
                                              std::string_view new_name) {
  MAPISTORE_CHECK(call.check());
  if (folder.empty()) return fail(Errc::not_permitted, settings_.name, "the root keeps its name");
  const Collection collection = MAPISTORE_TRY(resolve(call, folder));
  if (is_within(new_parent, folder)) return fail(Errc::invalid_argument, new_name, "a folder cannot move into itself");
  if (!is_root_of_homes(new_parent)) {
    MAPISTORE_CHECK(resolve(call, new_parent));
    return fail(Errc::unsupported, new_name, "calendars and address books hold no folders");
  }
  MAPISTORE_CHECK(check_display_name(new_name));
  MAPISTORE_CHECK(check_free(MAPISTORE_TRY(list_all(call)), new_name, &collection.key));
  if (auto set = set_display_name(call, *server_, collection.url, new_name); !set)
    return too_long_or(set.error(), new_name);
  MAPISTORE_CHECK(list_all(call));
  const Collection renamed = MAPISTORE_TRY(resolve(call, folder));
  if (renamed.display_name == new_name) return folder_entry(renamed);
  MAPISTORE_CHECK(set_display_name(call, *server_, collection.url, collection.display_name));
  return fail(Errc::invalid_argument, new_name, "is a name that this server would change");
}

Result<> DavContext::remove_folder(const Call& call, const FolderPath& folder) {
  MAPISTORE_CHECK(call.check());
  if (folder.empty()) return fail(Errc::not_permitted, settings_.name, "the root cannot be removed");
  const Collection collection = MAPISTORE_TRY(resolve(call, folder));
  if (collection.special)
    return fail(Errc::not_permitted, collection.display_name, "the server keeps this one for ever");
  const auto lock = MAPISTORE_TRY(writing(call));
  const auto inside = MAPISTORE_TRY(server_->ask(call, "PROPFIND", collection.url, "1", requests::list_objects()));
  for (const Resource& resource : inside.resources)
    if (resource.url.path != collection.url.path && resource.status < 400 &&
        resource.url.path + "/" != collection.url.path)
      return fail(Errc::not_empty, collection.display_name, "is not empty");
  MAPISTORE_CHECK(delete_collection(call, *server_, collection));
  const std::lock_guard known{mutex_};
  collections_.erase(collection.key);
  return {};
}

}  // namespace mapistore::dav
