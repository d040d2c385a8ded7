#include <algorithm>
#include <condition_variable>

#include "backends/sql/context.h"

namespace mapistore::sql {
namespace {

constexpr std::chrono::hours cleaning_pause{1};
constexpr std::chrono::seconds longest_pause{60};
/// For one look; a server that does not answer is waited for no longer.
constexpr std::chrono::seconds look_limit{20};

/// Sleeps until `end`, or until the caller waits no longer.
Result<> sleep_until(const Call& call, std::chrono::steady_clock::time_point end) {
  std::mutex mutex;
  std::unique_lock lock{mutex};
  std::condition_variable_any never;
  never.wait_until(lock, call.stop, std::min(end, call.deadline), [] { return false; });
  return call.check();
}

}  // namespace

Result<SqlContext::FolderStates> SqlContext::read_folder_states(Connection& connection) const {
  FolderStates states;
  const auto rows = MAPISTORE_TRY(
      connection.query("SELECT folder_id, parent_id, cn FROM mst_folder WHERE store_id = ?", {store_.id}));
  while (MAPISTORE_TRY(rows->next())) states[rows->integer(0)] = {rows->integer(1), rows->integer(2)};
  return states;
}

Result<> SqlContext::start(const Call& call) {
  MAPISTORE_CHECK(call.check());
  {
    const std::lock_guard lock{mutex_};
    if (watched_) return fail(Errc::busy, {}, "is watched already");
    watched_.emplace();
  }
  auto states = database_->transact(call, Mode::read,
                                    [&](Connection& connection, bool) { return read_folder_states(connection); });
  const std::lock_guard lock{mutex_};
  if (!states) {
    watched_.reset();
    return std::unexpected(std::move(states).error());
  }
  watched_ = *std::move(states);
  return {};
}

Result<> SqlContext::watch(const Call& call, WatchSink& sink) {
  FolderStates seen;
  {
    const std::lock_guard lock{mutex_};
    if (!watched_) return fail(Errc::invalid_argument, {}, "is not watched yet");
    seen = *watched_;
  }
  auto pause = settings_.poll;
  while (true) {
    MAPISTORE_CHECK(sleep_until(call, std::chrono::steady_clock::now() + pause));
    const Call look = Call::within(look_limit, call.stop);
    auto now = database_->transact(look, Mode::read, [&](Connection& connection, bool) -> Result<FolderStates> {
      return read_folder_states(connection);
    });
    MAPISTORE_CHECK(call.check());
    if (!now) {
      // Who comes back is asked again; what happened meanwhile shows in the numbers.
      pause = std::min<std::chrono::milliseconds>(pause * 2,
                                                  std::max<std::chrono::milliseconds>(longest_pause, settings_.poll));
      continue;
    }
    pause = settings_.poll;
    report(seen, *now, sink);
    seen = *std::move(now);
    clean(look);
  }
}

void SqlContext::report(const FolderStates& before, const FolderStates& now, WatchSink& sink) {
  for (const auto& [id, state] : now) {
    const auto old = before.find(id);
    if (old != before.end() && old->second == state) continue;
    FolderPath path;
    std::int64_t at = id;
    constexpr std::size_t deepest = 1000;  // rows written by hand may go round in circles
    while (at != root_folder && at != no_folder && path.size() < deepest) {
      path.insert(path.begin(), Key{std::to_string(at)});
      const auto folder = now.find(at);
      at = folder == now.end() ? no_folder : folder->second.parent;
    }
    if (at == root_folder || path == FolderPath{Key{std::to_string(trash_folder)}}) sink.folder_changed(path);
  }
}

void SqlContext::clean(const Call& call) noexcept {
  const auto now = std::chrono::steady_clock::now();
  if (profile_.read_only || (cleaned_ != std::chrono::steady_clock::time_point{} && now - cleaned_ < cleaning_pause))
    return;
  cleaned_ = now;
  if (auto removed = remove_garbage(call, *database_, store_.id, host_.now()); !removed)
    host_.log(LogLevel::debug, database_->driver().name(), "cleaning: " + removed.error().to_string());
}

}  // namespace mapistore::sql
