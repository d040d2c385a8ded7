#include "mountd/supervisor.h"

#include <fcntl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>

#include "core/log.h"
#include "mountd/daemon_launch.h"

namespace mapistore::mountd {

namespace {

/// How often those who still use a mount are looked at while all is to stop.
constexpr std::chrono::seconds between_stops{1};

void nobody(const Result<>&) {}

}  // namespace

Supervisor::Supervisor(EventLoop& loop, std::filesystem::path file, User self, std::string program)
    : loop_{loop}, file_{std::move(file)}, self_{std::move(self)}, program_{std::move(program)} {}

Result<> Supervisor::start() {
  MountsFile file = MAPISTORE_TRY(read_mounts_file(file_, self_));
  // The kernel tells of each mount that comes and goes: nobody has to look again and again whether one is there.
  mount_table_ = posix::UniqueFd{::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)};
  if (!mount_table_) return std::unexpected(system_error(errno, "/proc/self/mountinfo"));
  table_changes_ = MAPISTORE_TRY(loop_.watch(mount_table_.get(), EPOLLPRI | EPOLLERR, [this](std::uint32_t) {
    for (const auto& mount : mounts_) mount->mount_table_changed();
  }));
  apply(std::move(file));
  return {};
}

Result<> Supervisor::reload() {
  if (stopping_) return fail(Errc::cancelled, "mountd", "is stopping");
  apply(MAPISTORE_TRY(read_mounts_file(file_, self_)));
  log::line(LogLevel::info, file_.native(), "read: " + std::to_string(wanted_.size()) + " mounts are wanted");
  return {};
}

void Supervisor::apply(MountsFile file) {
  const auto probed_every = std::exchange(keeping_, file.keeping).probe;
  if (!probes_ || keeping_.probe != probed_every) probes_ = loop_.after(keeping_.probe, [this] { probe_all(); });
  wanted_ = std::move(file.mounts);
  for (const auto& mount : mounts_)
    if (still_wanted(*mount) != nullptr && mount->state() == KeptMount::State::failed) mount->start(nobody);
  replace_outdated();
  if (reloaded_) reloaded_();
}

const WantedMount* Supervisor::still_wanted(const KeptMount& mount) const {
  const auto found = std::ranges::find(wanted_, mount.wanted().name, &WantedMount::name);
  return found != wanted_.end() && found->is_same(mount.wanted()) ? &*found : nullptr;
}

KeptMount& Supervisor::keep(WantedMount wanted) {
  return *mounts_.emplace_back(std::make_unique<KeptMount>(loop_, keeping_, program_, std::move(wanted)));
}

void Supervisor::replace_outdated() {
  if (stopping_) return;
  std::erase_if(mounts_, [this](const auto& mount) { return mount->is_down() && still_wanted(*mount) == nullptr; });
  for (const auto& mount : mounts_) {
    if (still_wanted(*mount) != nullptr || mount->state() == KeptMount::State::stopping) continue;
    mount->stop(false, [this, name = mount->wanted().name](const Result<>& result) {
      if (!result) log::line(LogLevel::warning, name, "is wanted otherwise by now, but " + result.error().to_string());
      // Not from within the mount that is told of.
      else
        stop_timer_ = loop_.after({}, [this] { replace_outdated(); });
    });
  }
  for (const WantedMount& wanted : wanted_) {
    const auto in_the_way = [&](const auto& mount) {
      return mount->wanted().name == wanted.name || mount->wanted().directory == wanted.directory;
    };
    if (std::ranges::none_of(mounts_, in_the_way)) keep(wanted).start(nobody);
  }
}

void Supervisor::probe_all() {
  for (const auto& mount : mounts_) mount->probe([] {});
  replace_outdated();
  probes_ = loop_.after(keeping_.probe, [this] { probe_all(); });
}

std::vector<KeptMount*> Supervisor::mounts_of(uid_t user) const {
  std::vector<KeptMount*> mine;
  for (const auto& mount : mounts_)
    if (user == 0 || mount->wanted().user.id == user) mine.push_back(mount.get());
  return mine;
}

Result<KeptMount*> Supervisor::mount_of(uid_t user, std::string_view name_or_directory) const {
  for (KeptMount* mount : mounts_of(user))
    if (mount->wanted().name == name_or_directory || mount->wanted().directory == name_or_directory) return mount;
  return fail(Errc::not_found, name_or_directory, "is no mount of yours that mountd keeps",
              "mapistorectl status lists them; " + file_.native() + " says which are wanted");
}

void Supervisor::refresh(const std::vector<KeptMount*>& mounts, std::chrono::milliseconds limit,
                         std::function<void()> done) {
  struct Waiting {
    std::size_t left;
    EventLoop::Token limit;
    std::function<void()> done;
  };
  auto waiting = std::make_shared<Waiting>(mounts.size() + 1, EventLoop::Token{}, std::move(done));
  const auto finish = [waiting] {
    waiting->limit.reset();
    if (const auto told = std::exchange(waiting->done, nullptr)) told();
  };
  const auto one_less = [waiting, finish] {
    if (--waiting->left == 0) finish();
  };
  waiting->limit = loop_.after(limit, finish);
  for (KeptMount* mount : mounts) mount->probe(one_less);
  one_less();
}

// --- The end ---------------------------------------------------------------------------------------------------------

void Supervisor::shut_down(Told done) {
  stopping_ = true;
  stopped_ = std::move(done);
  left_mounted_.reset();
  probes_.reset();
  stop_limit_ = loop_.after(keeping_.stop_within, [this] {
    stop_timer_.reset();
    if (!left_mounted_) left_mounted_ = Error{Errc::busy, "mountd", "leaves mounts that are in use", {}};
    if (const Told told = std::exchange(stopped_, nullptr)) told(std::unexpected(*left_mounted_));
  });
  stop_once_more();
}

void Supervisor::hurry() {
  if (std::exchange(hurry_, true) || !stopping_) return;
  for (const auto& mount : mounts_) mount->stop(true, nobody);
  stop_once_more();
}

void Supervisor::stop_once_more() {
  for (const auto& mount : mounts_) {
    if (mount->is_down() || mount->state() == KeptMount::State::stopping) continue;
    mount->stop(hurry_, [this](const Result<>& result) {
      // Not from within the mount that tells it.
      if (result)
        stop_timer_ = loop_.after({}, [this] { stop_once_more(); });
      else
        still_in_use(result.error());
    });
  }
  if (std::ranges::all_of(mounts_, [](const auto& mount) { return mount->is_down(); })) {
    stop_limit_.reset();
    if (const Told told = std::exchange(stopped_, nullptr)) told({});
    return;
  }
  stop_timer_ = loop_.after(between_stops, [this] { stop_once_more(); });
}

void Supervisor::still_in_use(const Error& error) {
  const std::string text = error.to_string();
  if (left_mounted_ && left_mounted_->to_string() == text) return;
  log::line(LogLevel::warning, "mountd", text);
  left_mounted_ = error;
}

}  // namespace mapistore::mountd
