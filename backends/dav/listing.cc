// What is in a collection, and what has changed there.

#include <algorithm>
#include <ranges>

#include "backends/dav/context.h"
#include "backends/dav/object_reader.h"
#include "backends/dav/requests.h"

namespace mapistore::dav {

/// What a server told of a collection's objects: not yet what they are.
struct DavContext::Changes {
  std::vector<Resource> resources;
  Cursor next;
  bool complete = true;
};

namespace {

constexpr std::string_view sync_cursor = "sync\n", ctag_cursor = "ctag\n";
constexpr int most_parts = 10'000;

std::string_view after(std::string_view start, const Cursor& cursor) {
  return cursor.bytes.starts_with(start) ? std::string_view(cursor.bytes).substr(start.size()) : std::string_view{};
}

/// Whether a refusal says something of what was asked, not of the server's state or the caller's.
bool is_about_request(Errc code) {
  switch (code) {
    case Errc::not_found:
    case Errc::authentication_failed:
    case Errc::timed_out:
    case Errc::cancelled:
    case Errc::busy:
    case Errc::unreachable:
    case Errc::connection_refused:
    case Errc::disconnected:
    case Errc::too_large: return false;
    default: return true;
  }
}

bool is_gone(const Resource& resource) noexcept { return resource.status == 404 || resource.status == 410; }

bool is_object_of(const Collection& collection, const Resource& resource) {
  return !resource.is_collection && !resource.url.path.ends_with('/') &&
         resource.url.parent_path() == collection.url.path;
}

}  // namespace

Result<Listing> DavContext::changes(const Call& call, const FolderPath& folder, const Cursor& since, ChangeSink& sink) {
  MAPISTORE_CHECK(call.check());
  if (is_root_of_homes(folder)) return list_root(call, sink);
  return list_collection(call, MAPISTORE_TRY(resolve(call, folder)), since, sink);
}

Result<Listing> DavContext::list_root(const Call& call, ChangeSink& sink) {
  for (const Collection& collection : MAPISTORE_TRY(list_all(call)))
    MAPISTORE_CHECK(sink.folder(folder_entry(collection)));
  return Listing{};
}

Result<Listing> DavContext::list_collection(const Call& call, const Collection& collection, const Cursor& since,
                                            ChangeSink& sink) {
  if (const auto ctag = after(ctag_cursor, since); !ctag.empty())
    if (MAPISTORE_TRY(version_of(call, collection)) == ctag) return Listing{since, false};
  std::set<std::string> ours;
  {
    const std::lock_guard lock{mutex_};
    if (const auto saved = unlisted_.find(collection.url.path); saved != unlisted_.end()) ours = saved->second;
  }
  Result<Changes> changes = Changes{};
  if (const auto token = after(sync_cursor, since); !token.empty()) {
    changes = changes_since(call, collection, token);
    // A token that the server no longer takes costs a full listing, and nothing else.
    if (!changes && is_about_request(changes.error().code)) changes = everything(call, collection);
  } else {
    changes = everything(call, collection);
  }
  if (!changes) return std::unexpected(std::move(changes).error());
  MAPISTORE_CHECK(report(call, collection, *changes, sink));
  MAPISTORE_CHECK(report_passed(call, collection, *changes, ours, sink));
  return Listing{std::move(changes->next), changes->complete};
}

Result<DavContext::Changes> DavContext::changes_since(const Call& call, const Collection& collection,
                                                      std::string_view token) {
  Changes changes{.resources = {}, .next = {}, .complete = token.empty()};
  std::string from(token);
  for (int part = 0; part < most_parts; ++part) {
    auto answer = MAPISTORE_TRY(server_->ask(call, "REPORT", collection.url, "0", requests::sync(from)));
    std::ranges::move(answer.resources, std::back_inserter(changes.resources));
    if (answer.sync_token.empty())
      return fail(Errc::corrupted, collection.display_name, "the server tells changes without a sync-token");
    changes.next.bytes = std::string(sync_cursor) + answer.sync_token;
    if (!answer.is_truncated) return changes;
    if (answer.sync_token == from) break;
    from = std::move(answer.sync_token);
  }
  return fail(Errc::corrupted, collection.display_name, "the server's list of changes has no end");
}

Result<DavContext::Changes> DavContext::everything(const Call& call, const Collection& collection) {
  bool has_sync = true;
  {
    const std::lock_guard lock{mutex_};
    has_sync = !without_sync_.contains(collection.url.path);
  }
  if (has_sync) {
    auto changes = changes_since(call, collection, {});
    if (changes || !is_about_request(changes.error().code)) return changes;
    const std::lock_guard lock{mutex_};
    without_sync_.insert(collection.url.path);
  }
  // Asked for first: what changes meanwhile is listed again.
  const std::string version = MAPISTORE_TRY(version_of(call, collection));
  auto answer = MAPISTORE_TRY(server_->ask(call, "PROPFIND", collection.url, "1", requests::list_objects()));
  return Changes{
      std::move(answer.resources), {version.empty() ? std::string{} : std::string(ctag_cursor) + version}, true};
}

Result<std::string> DavContext::version_of(const Call& call, const Collection& collection) {
  const auto ask = [&](requests::Version version) -> Result<std::string> {
    const auto answer =
        MAPISTORE_TRY(server_->ask(call, "PROPFIND", collection.url, "0", requests::describe_version(version)));
    if (answer.resources.empty()) return std::string{};
    const Resource& resource = answer.resources.front();
    return resource.ctag.empty() ? resource.sync_token : resource.ctag;
  };
  if (has_ctags_) {
    std::string ctag = MAPISTORE_TRY(ask(requests::Version::ctag));
    if (!ctag.empty()) return ctag;
    has_ctags_ = false;
  }
  return ask(requests::Version::ctag_or_token);
}

Result<> DavContext::report(const Call& call, const Collection& collection, const Changes& changes, ChangeSink& sink) {
  const ServerProfile& known = server_->profile();
  std::vector<std::string> wanted;
  std::set<std::string> gone, seen;
  // Of an object that is told of twice the last word counts.
  for (const Resource& resource : changes.resources | std::views::reverse) {
    if (!is_object_of(collection, resource)) continue;
    std::string name = resource.url.last_segment();
    if (!seen.insert(name).second) continue;
    if (is_gone(resource)) {
      gone.insert(std::move(name));
    } else if (is_left_over(call, collection, {name})) {
      continue;
    } else if (!is_safe_name(known, name)) {
      server_->host().log(LogLevel::warning, collection.display_name,
                          "is not shown, because this server would take another object for it: " + name);
    } else if (needs_bytes(known, resource.etag) || !sink.known({name}, {resource.etag}, {})) {
      wanted.push_back(std::move(name));
    }
  }
  if (!changes.complete)
    for (const std::string& name : gone) MAPISTORE_CHECK(sink.removed({name}));
  std::ranges::reverse(wanted);
  return fetch_all(call, *server_, collection, wanted, [&](Fetched&& object) -> Result<> {
    Entry entry = entry_of(object, collection.of_cards());
    if (!is_shown(entry)) return {};
    keep(collection, object);
    if (sink.known(entry.key, entry.change, {})) return {};
    return sink.message(std::move(entry));
  });
}

Result<> DavContext::report_passed(const Call& call, const Collection& collection, const Changes& changes,
                                   const std::set<std::string>& ours, ChangeSink& sink) {
  std::set<std::string> told;
  for (const Resource& resource : changes.resources) told.insert(resource.url.last_segment());
  for (const std::string& name : ours) {
    if (!changes.complete && !told.contains(name)) {
      const auto there = fetch_one(call, collection, {name});
      // It will be told of, having been saved after the server was asked.
      if (there) continue;
      if (there.error().code != Errc::not_found) return std::unexpected(there.error());
      MAPISTORE_CHECK(sink.removed({name}));
    }
    const std::lock_guard lock{mutex_};
    unlisted_[collection.url.path].erase(name);
  }
  return {};
}

}  // namespace mapistore::dav
