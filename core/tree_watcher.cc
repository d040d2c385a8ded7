#include <mapistore/tree_watcher.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

namespace mapistore::posix {
namespace {

using Clock = std::chrono::steady_clock;

// IN_CREATE besides IN_CLOSE_WRITE: a hard link is never closed.
constexpr std::uint32_t interesting = IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ATTRIB |
                                      IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK;
constexpr auto quiet = std::chrono::milliseconds{10};  // ends a burst
constexpr auto longest_burst = std::chrono::milliseconds{200};

std::unexpected<Error> watch_failure(int number, const std::string& path) {
  if (number == ENOSPC)
    return fail(Errc::too_many_open, path, "no inotify watch left for this user",
                "raise fs.inotify.max_user_watches with sysctl; until then changes are found by polling");
  if (number == EMFILE)
    return fail(Errc::too_many_open, path, "no inotify instance left for this user",
                "raise fs.inotify.max_user_instances with sysctl; until then changes are found by polling");
  return std::unexpected(system_error(number, path));
}

FolderPath below(FolderPath parent, std::string_view name) {
  parent.push_back(Key{std::string(name)});
  return parent;
}

/// How long poll(2) may wait until `end`; -1 for ever.
int milliseconds_until(Clock::time_point end) {
  if (end == Clock::time_point::max()) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, INT_MAX));
}

/// Wakes poll(2) when a stop is requested.
class StopSignal {
 public:
  explicit StopSignal(const std::stop_token& stop)
      : event_{::eventfd(0, EFD_CLOEXEC)}, callback_{stop, [fd = event_.get()] { (void)::eventfd_write(fd, 1); }} {}
  int descriptor() const noexcept { return event_.get(); }

 private:
  UniqueFd event_;
  std::stop_callback<std::function<void()>> callback_;
};

}  // namespace

Result<std::unique_ptr<TreeWatcher>> TreeWatcher::start(const Call& call, const Directory& root, Wanted wanted) {
  UniqueFd inotify{::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
  if (!inotify) return watch_failure(errno, root.path());
  std::unique_ptr<TreeWatcher> watcher{new TreeWatcher{std::move(inotify), root, std::move(wanted)}};
  watcher->watch_parent();
  MAPISTORE_CHECK(watcher->add(call, root, {}));
  watcher->events_.clear();
  return watcher;
}

void TreeWatcher::watch_parent() {
  const std::string parent = root_.path().substr(0, root_.path().rfind('/') + 1);
  parent_watch_ = ::inotify_add_watch(inotify_.get(), parent.c_str(), IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR);
}

Result<> TreeWatcher::add(const Call& call, const Directory& directory, const FolderPath& path) {
  const std::string handle = "/proc/self/fd/" + std::to_string(directory.descriptor());
  const int watch = ::inotify_add_watch(inotify_.get(), handle.c_str(), interesting);
  if (watch < 0) return watch_failure(errno, directory.path());
  watched_[watch] = path;
  report(TreeEvent::Kind::directory, path);
  for (const DirectoryItem& item : MAPISTORE_TRY(directory.list(call))) {
    if (!item.maybe_directory) continue;
    const FolderPath child_path = below(path, item.name);
    if (!wanted_(child_path)) continue;
    const auto child = directory.enter(item.name);
    if (!child) continue;  // no directory, or gone again
    MAPISTORE_CHECK(add(call, *child, child_path));
  }
  return {};
}

void TreeWatcher::forget(const FolderPath& path) {
  std::erase_if(watched_, [&](const auto& watch) {
    if (!is_within(watch.second, path)) return false;
    ::inotify_rm_watch(inotify_.get(), watch.first);
    return true;
  });
}

void TreeWatcher::report(TreeEvent::Kind kind, const FolderPath& directory, Key name) {
  events_.push_back({kind, directory, std::move(name)});
}

Result<> TreeWatcher::take_directory(const Call& call, const FolderPath& parent, const ::inotify_event& event) {
  const FolderPath path = below(parent, static_cast<const char*>(event.name));
  if (!wanted_(path)) return {};
  if ((event.mask & (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)) != 0)
    report(TreeEvent::Kind::directory, parent, path.back());
  if ((event.mask & IN_MOVED_FROM) != 0) forget(path);
  if ((event.mask & (IN_CREATE | IN_MOVED_TO)) == 0) return {};
  std::vector<Directory> steps;
  for (const Key& key : path) {
    auto next = (steps.empty() ? root_ : steps.back()).enter(key.bytes);
    if (!next) return {};  // gone again; an event of its own says so
    steps.push_back(*std::move(next));
  }
  return add(call, steps.back(), path);
}

Result<> TreeWatcher::take(const Call& call, const ::inotify_event& event) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) {
    report(TreeEvent::Kind::lost, {});
    return {};
  }
  if (event.wd == parent_watch_) {
    if (event.len > 0 && root_.path().ends_with('/' + std::string(event.name))) report(TreeEvent::Kind::lost, {});
    return {};
  }
  const auto watch = watched_.find(event.wd);
  if (watch == watched_.end()) return {};
  const FolderPath path = watch->second;
  if ((event.mask & IN_IGNORED) != 0)
    watched_.erase(watch);
  else if ((event.mask & IN_MOVE_SELF) != 0 && path.empty())
    report(TreeEvent::Kind::lost, {});
  else if ((event.mask & IN_ISDIR) != 0 && event.len > 0)
    return take_directory(call, path, event);
  else if ((event.mask & IN_ISDIR) == 0 && event.len > 0)
    report(TreeEvent::Kind::file, path, Key{static_cast<const char*>(event.name)});
  return {};
}

Result<> TreeWatcher::read_events(const Call& call) {
  alignas(::inotify_event) std::array<char, 32 * 1024> buffer;
  while (true) {
    const ssize_t count = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return {};
    if (count < 0) return std::unexpected(system_error(errno, root_.path()));
    for (const char* at = buffer.data(); at < buffer.data() + count;) {
      const auto& event = *reinterpret_cast<const ::inotify_event*>(at);
      MAPISTORE_CHECK(take(call, event));
      at += sizeof event + event.len;
    }
  }
}

Result<std::vector<TreeEvent>> TreeWatcher::wait(const Call& call) {
  const StopSignal stop{call.stop};
  Clock::time_point end = call.deadline;
  Clock::time_point burst_end = Clock::time_point::max();
  while (true) {
    MAPISTORE_CHECK(call.check());
    const std::size_t before = events_.size();
    const bool in_burst = before > 0;
    // What comes in a burst is fetched at the end of each pause: waking for every event would slow down its maker.
    std::array<pollfd, 2> waiting{{{in_burst ? -1 : inotify_.get(), POLLIN, 0}, {stop.descriptor(), POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(), milliseconds_until(end)) < 0 && errno != EINTR)
      return std::unexpected(system_error(errno, root_.path()));
    if (in_burst || waiting[0].revents != 0) MAPISTORE_CHECK(read_events(call));
    const auto now = Clock::now();
    if (in_burst && (events_.size() == before || now >= burst_end)) break;
    if (events_.empty()) continue;
    if (!in_burst) burst_end = now + longest_burst;
    end = std::min({call.deadline, burst_end, now + quiet});
  }
  std::ranges::sort(events_);
  const auto repeated = std::ranges::unique(events_);
  events_.erase(repeated.begin(), repeated.end());
  return std::exchange(events_, {});
}

}  // namespace mapistore::posix
