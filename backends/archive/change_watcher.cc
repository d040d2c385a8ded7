#include "backends/archive/change_watcher.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cmath>

#include "backends/archive/format.h"
#include "backends/archive/rows.h"

namespace mapistore::archive {
namespace {

constexpr int pause_milliseconds = 30;  // many commits are one report

Result<std::int64_t> last_change(sqlite::Database& database) {
  auto query = database.query("SELECT value FROM counter");
  return MAPISTORE_TRY(query.step()) ? query.integer(0) : 0;
}

/// The keys from the root down to a folder.
Result<FolderPath> path_of(sqlite::Database& database, std::int64_t folder) {
  FolderPath path;
  auto query = database.query(
      "WITH RECURSIVE up(id, depth) AS (SELECT ?, 0 UNION ALL SELECT f.parent, depth + 1 FROM folder f JOIN up"
      " ON f.id = up.id WHERE f.parent IS NOT NULL AND depth < 1000) SELECT id FROM up WHERE id <> ? ORDER BY depth "
      "DESC");
  query.bind(folder).bind(root_folder);
  while (MAPISTORE_TRY(query.step())) path.push_back(key_of(query.integer(0)));
  return path;
}

int milliseconds_until(std::chrono::steady_clock::time_point deadline) {
  if (deadline == std::chrono::steady_clock::time_point::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX));
}

}  // namespace

Result<std::unique_ptr<ChangeWatcher>> ChangeWatcher::start(Archive& archive) {
  posix::UniqueFd inotify{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
  posix::UniqueFd stop{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!inotify || !stop) return std::unexpected(system_error(errno, archive.file().native()));
  // Reading makes the log, which stays while a connection is open.
  const auto lease = MAPISTORE_TRY(archive.read());
  std::unique_ptr<ChangeWatcher> watcher{new ChangeWatcher{archive, std::move(inotify), std::move(stop)}};
  for (const char* suffix : {"", "-wal"}) {
    const std::string file = archive.file().native() + suffix;
    if (::inotify_add_watch(watcher->inotify_.get(), file.c_str(), IN_MODIFY) < 0 && errno != ENOENT)
      return std::unexpected(system_error(errno, file));
  }
  watcher->seen_ = MAPISTORE_TRY(last_change(*lease));
  return watcher;
}

Result<> ChangeWatcher::wait(const Call& call) {
  const std::stop_callback wake{call.stop, [this] { static_cast<void>(::eventfd_write(stop_.get(), 1)); }};
  MAPISTORE_CHECK(call.check());
  std::array<::pollfd, 2> waiting{{{inotify_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
  if (::poll(waiting.data(), waiting.size(), milliseconds_until(call.deadline)) < 0 && errno != EINTR)
    return std::unexpected(system_error(errno, archive_.file().native()));
  MAPISTORE_CHECK(call.check());
  ::poll(&waiting[1], 1, pause_milliseconds);
  std::array<char, 16384> events{};
  while (::read(inotify_.get(), events.data(), events.size()) > 0) continue;
  return call.check();
}

Result<> ChangeWatcher::watch(const Call& call, WatchSink& sink) {
  while (true) {
    MAPISTORE_CHECK(report(sink));
    MAPISTORE_CHECK(wait(call));
  }
}

Result<> ChangeWatcher::report(WatchSink& sink) {
  const auto lease = MAPISTORE_TRY(archive_.read());
  const std::int64_t last = MAPISTORE_TRY(last_change(*lease));
  if (last == seen_) return {};
  std::vector<std::int64_t> changed;
  {
    auto query = lease->query(
        "SELECT id FROM folder f WHERE EXISTS(SELECT 1 FROM message WHERE folder = f.id AND changed > ?1)"
        " OR EXISTS(SELECT 1 FROM gone WHERE folder = f.id AND changed > ?1)"
        " OR EXISTS(SELECT 1 FROM folder WHERE parent = f.id AND changed > ?1)");
    query.bind(seen_);
    while (MAPISTORE_TRY(query.step())) changed.push_back(query.integer(0));
  }
  for (const std::int64_t folder : changed) sink.folder_changed(MAPISTORE_TRY(path_of(*lease, folder)));
  seen_ = last;
  return {};
}

}  // namespace mapistore::archive
