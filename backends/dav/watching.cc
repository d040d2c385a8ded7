// What others change: one request at each look, that tells of all collections.

#include <algorithm>

#include "backends/dav/context.h"
#include "backends/dav/object_reader.h"
#include "backends/dav/requests.h"

namespace mapistore::dav {
namespace {

constexpr std::chrono::seconds look_limit{30}, longest_pause{300}, one_version{2};
/// Until who looked because of a doubt looks again; then twice as long each time, until all is as before.
constexpr std::chrono::milliseconds after_doubt{500};

/// Of a collection whose server counts no changes.
std::string version_by_objects(const Multistatus& answer) {
  std::string version;
  for (const Resource& resource : answer.resources) version += resource.url.path + ' ' + resource.etag + '\n';
  return version;
}

}  // namespace

Result<DavContext::Versions> DavContext::look(const Call& call) {
  Versions versions;
  const auto add = [&](FolderPath path, const Collection& collection, std::string version) -> Result<> {
    if (version.empty()) version = MAPISTORE_TRY(version_of(call, collection));
    if (version.empty())
      version = version_by_objects(
          MAPISTORE_TRY(server_->ask(call, "PROPFIND", collection.url, "1", requests::list_objects())));
    versions[std::move(path)] = std::move(version);
    return {};
  };
  if (place_.only) {
    const Collection& only = *place_.only;
    MAPISTORE_CHECK(add({}, only, {}));
    return versions;
  }
  std::string names;
  const auto version = has_ctags_ ? requests::Version::ctag : requests::Version::ctag_or_token;
  for (const Collection& collection : MAPISTORE_TRY(list_all(call, version))) {
    names += collection.key.bytes + '\n' + collection.display_name + '\n' + (collection.read_only ? "r\n" : "w\n");
    MAPISTORE_CHECK(add({collection.key}, collection, collection.version));
  }
  versions[{}] = std::move(names);
  return versions;
}

Result<> DavContext::start(const Call& call) {
  MAPISTORE_CHECK(call.check());
  const std::lock_guard lock{mutex_};
  if (watched_) return fail(Errc::busy, settings_.name, "is being watched already");
  // Of what nothing is known yet the first look says that it has changed: a listing by sync token, later on, costs less
  // than to ask for all versions now, before the first listing.
  watched_.emplace();
  return {};
}

Result<> DavContext::watch(const Call& call, WatchSink& sink) {
  Versions seen;
  {
    const std::lock_guard lock{mutex_};
    if (!watched_) return fail(Errc::invalid_argument, settings_.name, "is not being watched yet");
    seen = *watched_;
  }
  // What may have changed since within the second that its version tells.
  std::map<FolderPath, std::chrono::steady_clock::time_point> again;
  for (auto pause = settings_.poll;;) {
    const bool has_doubt = MAPISTORE_TRY(doubts_.wait(call, pause));
    auto now = look(Call::within(look_limit, call.stop));
    MAPISTORE_CHECK(call.check());
    const auto longest = now ? settings_.poll : std::max<std::chrono::milliseconds>(longest_pause, settings_.poll);
    pause = has_doubt ? std::min(after_doubt, settings_.poll) : std::min(pause * 2, longest);
    // What happened meanwhile shows in the versions.
    if (!now) continue;
    const auto time = std::chrono::steady_clock::now();
    for (const auto& [path, version] : *now) {
      const auto old = seen.find(path);
      const bool is_changed = old == seen.end() || old->second != version;
      if (is_changed && server_->profile().counts_seconds) again[path] = time + one_version;
      if (is_changed || again.contains(path)) sink.folder_changed(path);
    }
    std::erase_if(again, [time](const auto& one) { return one.second < time; });
    seen = *std::move(now);
    const std::lock_guard lock{mutex_};
    watched_ = seen;
  }
}

}  // namespace mapistore::dav
