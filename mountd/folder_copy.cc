#include "mountd/folder_copy.h"

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <functional>
#include <future>
#include <mutex>
#include <span>
#include <stop_token>
#include <thread>

#include "core/copier.h"
#include "core/directories.h"
#include "core/medium_contents.h"
#include "core/replica.h"
#include "mountd/open_store.h"
#include "mountd/rate.h"

namespace mapistore::ctl {

namespace {

constexpr std::chrono::hours whole_copy{240};
constexpr std::chrono::milliseconds between_reports{200};
constexpr unsigned helpers = 2, remote_helpers = 128;

volatile std::sig_atomic_t interrupted = 0;

/// Of one pair, the same each time: what has been copied is remembered under it.
std::string index_name(const Location& from, const Location& to) {
  return "copies/" + directories::name_for(from.text + '\n' + to.text);
}

/// Where a copy goes.
struct Place {
  FolderPath path;
  bool is_new = false;
};

/// Where `path` lies in `medium`; what is missing of it is made.
Result<Place> make_path(const Call& call, Context& medium, std::span<const std::string> path) {
  if (path.empty()) return Place{};
  Place place = MAPISTORE_TRY(make_path(call, medium, path.first(path.size() - 1)));
  // What it lies in may hold much, and is looked through only if it is there, or cannot be made.
  auto entry = medium.create_folder(call, place.path, path.back());
  place.is_new = entry.has_value();
  if (!entry && !concerns_all(entry.error().code)) {
    auto there = MAPISTORE_TRY(folders_in(call, medium, place.path));
    const auto same = std::ranges::find(there, path.back(), &FolderEntry::display_name);
    if (same != there.end()) entry = std::move(*same);
  }
  place.path.push_back(MAPISTORE_TRY(std::move(entry)).key);
  return place;
}

Result<std::uint64_t> count_messages(Index& index, Fmid folder) {
  std::uint64_t count = 0;
  MAPISTORE_CHECK(index.list(folder, Fmid{}, [&](const Node& node) {
    if (node.kind == NodeKind::message) ++count;
    return true;
  }));
  for (const StoredFolder& below : MAPISTORE_TRY(index.subfolders(folder)))
    count += MAPISTORE_TRY(count_messages(index, below.node.fmid));
  return count;
}

/// Copies until nothing changes any more on the way, but not for ever beside who changes it.
Result<Copied> bring_over(Environment& environment, OpenStore& from, Context& target, Fmid root, const Place& into) {
  Replica replica{from.store(), from.index(), from.context(), target, root, into.path, into.is_new};
  const std::stop_source stop;
  std::signal(SIGINT, [](int) { interrupted = 1; });
  std::signal(SIGTERM, [](int) { interrupted = 1; });
  Copied counts{.expected = MAPISTORE_TRY(count_messages(from.index(), root))};
  Rate rate;
  const std::jthread watcher{[&](const std::stop_token& ended) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock{mutex};
    while (!ended.stop_requested()) {
      if (interrupted != 0) stop.request_stop();
      environment.output.progress(std::to_string(replica.done()) + " of " + counted(counts.expected, "message") +
                                  rate.text(replica.done(), counts.expected));
      never.wait_for(lock, ended, between_reports, [] { return false; });
    }
  }};
  const auto pass = MAPISTORE_TRY(replica.bring_up(Call::within(whole_copy, stop.get_token()), 0,
                                                   target.profile().remote ? remote_helpers : helpers));
  counts.failed = pass.failed;
  counts.there = pass.same;
  counts.written = counts.expected - std::min(counts.expected, counts.there + counts.failed);
  if (pass.first_failure) environment.output.trouble(*pass.first_failure);
  if (Durability* durability = target.ability<Durability>())
    MAPISTORE_CHECK(durability->make_durable(Call::within(time_to_open)));
  return counts;
}

/// Removes from its medium what the other one has as it is there, and folders that are empty then.
Result<std::uint64_t> remove_moved(OpenStore& from, Fmid folder) {
  std::uint64_t removed = 0;
  for (const StoredFolder& below : MAPISTORE_TRY(from.index().subfolders(folder))) {
    removed += MAPISTORE_TRY(remove_moved(from, below.node.fmid));
    const Call call = Call::within(time_to_open);
    const Store::Place at = MAPISTORE_TRY(from.store().place_for_writing(call, below.node.fmid));
    auto gone = below.special ? Result<>{} : at.medium->remove_folder(call, at.path);
    if (!gone && gone.error().code != Errc::not_empty && gone.error().code != Errc::not_permitted)
      return std::unexpected(gone.error());
  }
  std::vector<StoredMessage> messages;
  MAPISTORE_CHECK(from.index().list_messages(folder, Fmid{}, [&](const StoredMessage& message) {
    messages.push_back(message);
    return true;
  }));
  for (const StoredMessage& message : messages) {
    const auto copy = from.index().replica(message.node.fmid);
    if (!copy || copy->source != message.ref.change) continue;
    const Call call = Call::within(time_to_open);
    const Store::Place at = MAPISTORE_TRY(from.store().place_for_writing(call, folder));
    // Not what somebody has changed since.
    auto gone = at.medium->remove(call, at.path, message.ref);
    if (!gone && gone.error().code != Errc::stale && gone.error().code != Errc::not_found)
      return std::unexpected(std::move(gone).error());
    if (gone) ++removed;
  }
  return removed;
}

}  // namespace

Result<Copied> copy_folder(Environment& environment, const Location& from, const Location& to, bool move,
                           const std::filesystem::path& memory) {
  if (from.settings.uri == to.settings.uri)
    return fail(Errc::invalid_argument, to.text, "is in the same medium", "use cp and mv in a mount of it");
  if (move && from.settings.read_only) return fail(Errc::read_only, from.text, "is read-only");
  if (to.settings.read_only) return fail(Errc::read_only, to.text, "is read-only");
  // To sign in takes many round trips; meanwhile the other side is listed.
  auto opening = std::async(std::launch::async, [&to] {
    return to.backend->open(Call::within(time_to_open), to.settings.uri, to.settings.options);
  });
  auto opened =
      OpenStore::open(environment, from, memory.empty() ? index_name(from, to) : memory.native(), !move, true);
  const auto target = MAPISTORE_TRY(opening.get());
  const auto source = MAPISTORE_TRY(std::move(opened));
  const Fmid root = MAPISTORE_TRY(source->folder(from.path));
  if (environment.dry_run) return Copied{.expected = MAPISTORE_TRY(count_messages(source->index(), root))};
  const Place into = MAPISTORE_TRY(make_path(Call::within(time_to_open), *target, to.path));
  Copied counts = MAPISTORE_TRY(bring_over(environment, *source, *target, root, into));
  if (move) counts.removed = MAPISTORE_TRY(remove_moved(*source, root));
  environment.output.end_progress();
  return counts;
}

}  // namespace mapistore::ctl
