#include "core/live_context.h"

#include <malloc.h>
#include <pthread.h>

#include <algorithm>
#include <thread>

#include "core/context_sync.h"
#include "core/errors_log.h"
#include "core/log.h"

namespace mapistore {

namespace {

constexpr std::size_t most_workers = 4;
/// Of a medium across a network: they wait for answers, not for a processor or a disk.
constexpr std::size_t most_remote_workers = 32;
constexpr std::size_t most_waiting = 4096;
constexpr std::size_t most_fetchers = 3;
constexpr std::size_t most_fetches = 64;
/// Between two attempts, however often somebody looks.
constexpr std::chrono::milliseconds shortest_pause{200};
constexpr std::chrono::seconds first_reconnect{1};
constexpr std::chrono::seconds longest_reconnect{60};
/// A whole tree may take long; only a stop ends its listing.
constexpr std::chrono::hours whole_tree{24};

}  // namespace

LiveContext::LiveContext(Settings settings, Backend& backend, Index& index, ContextRow row, StoreObserver& observer,
                         ErrorsLog& errors)
    : settings_{std::move(settings)},
      index_{index},
      row_{row},
      errors_{errors},
      sync_{std::make_unique<ContextSync>(*this, index, observer)},
      workers_{most_workers, most_waiting},
      fetchers_{most_fetchers, most_fetches},
      remote_{row.remote},
      source_{&backend, settings_.uri, settings_.options} {}

LiveContext::~LiveContext() = default;

IndexWriter::Rules LiveContext::rules(const Profile& profile) const {
  const Role role = settings_.role;
  return {.outgoing = role == Role::sent || role == Role::drafts || role == Role::outbox,
          .keeps_state = profile.keeps_state,
          .keeps_properties = profile.keeps_properties,
          .own_names = profile.names_on_medium,
          .rewrites_bytes = profile.rewrites_bytes};
}

ContextUri LiveContext::uri() const {
  const Locked locked{mutex_};
  return source_.uri;
}

void LiveContext::start() { begin_thread(); }

void LiveContext::begin_thread() {
  {
    Locked locked{mutex_};
    ended_ = false;
  }
  thread_ = std::jthread{[this](const std::stop_token& stop) {
    ::pthread_setname_np(::pthread_self(), "context");
    run(stop);
    Locked locked{mutex_};
    ended_ = true;
    changed_.notify_all();
  }};
}

bool LiveContext::stop(std::chrono::steady_clock::time_point deadline) {
  thread_.request_stop();
  fetching_.request_stop();
  bool ended = false;
  {
    Locked locked{mutex_};
    changed_.notify_all();
    while (!ended_ && changed_.wait_until(locked, deadline) != std::cv_status::timeout) continue;
    ended = ended_;
  }
  if (ended && thread_.joinable()) thread_.join();
  if (!ended) thread_.detach();
  ended = workers_.stop(deadline) && ended;
  return fetchers_.stop(deadline) && ended;
}

bool LiveContext::pause(std::chrono::steady_clock::time_point deadline) {
  // The thread first: what it hears of the medium it takes in, and for that it may have to get in.
  thread_.request_stop();
  {
    Locked locked{mutex_};
    changed_.notify_all();
    while (!ended_ && changed_.wait_until(locked, deadline) != std::cv_status::timeout) continue;
  }
  const bool closed = std::chrono::steady_clock::now() < deadline && gate_.close(deadline);
  thread_.join();
  if (!closed) begin_thread();
  return closed;
}

Result<> LiveContext::await_turn(const Call& call) const {
  if (const std::chrono::milliseconds pause = writers_pause_; pause > pause.zero()) std::this_thread::sleep_for(pause);
  return call.check();
}

std::unique_ptr<Context> LiveContext::exchange(Source source, std::unique_ptr<Context> medium) {
  const bool remote = medium->profile().remote;
  {
    const Locked locked{mutex_};
    source_ = std::move(source);
    std::swap(medium_, medium);
    open_medium_ = medium_.get();
    health_ = {Condition::syncing, {}};
  }
  looked_for_trash_ = false;
  if (remote) workers_.allow(most_remote_workers);
  if (remote_.exchange(remote) != remote && remote && on_remote) on_remote();
  return medium;
}

void LiveContext::resume() {
  gate_.open();
  begin_thread();
}

void LiveContext::run(const std::stop_token& stop) {
  for (auto pause = first_reconnect;
       open_medium_ == nullptr && !open_once({std::chrono::steady_clock::now() + settings_.deadline, stop});
       pause = std::min(pause * 2, longest_reconnect))
    if (rest(stop, shortest_pause, false) || rest(stop, pause, true)) return;

  const auto list = [&] {
    set_condition(Condition::syncing, {});
    auto listed = sync_->list_tree(Call::within(whole_tree, stop), row_.root);
#if !defined(__SANITIZE_THREAD__)  // whose own allocator it does not know
    // A first listing leaves much memory behind that an idle mount has no use for.
    ::malloc_trim(0);
#endif
    if (stop.stop_requested()) return;
    if (!listed) errors_.record(listed.error());
    set_condition(listed ? Condition::ready : Condition::down, listed ? std::nullopt : std::optional{listed.error()});
  };
  Watching* watching = medium_->ability<Watching>();
  if (watching != nullptr && watched_ != medium_.get()) {
    watched_ = medium_.get();
    if (auto started = watching->start(Call::within(settings_.deadline, stop)); !started) {
      errors_.record(started.error());
      watching = nullptr;
    }
  }
  auto pause = first_reconnect;  // of a medium that went away and may come back at any time
  for (list(); !stop.stop_requested(); list()) {
    bool is_there = health().condition == Condition::ready;
    if (watching != nullptr && is_there) {
      const auto began = std::chrono::steady_clock::now();
      if (auto watched = watching->watch({std::chrono::steady_clock::time_point::max(), stop}, *sync_);
          !watched && watched.error().code != Errc::cancelled) {
        errors_.record(watched.error());
        is_there = false;
      }
      if (std::chrono::steady_clock::now() - began > longest_reconnect) pause = first_reconnect;
    }
    if (rest(stop, is_there ? settings_.refresh : std::min<std::chrono::nanoseconds>(pause, settings_.refresh), false))
      return;
    pause = is_there ? first_reconnect : std::min(pause * 2, longest_reconnect);
  }
}

bool LiveContext::open_once(const Call& call) {
  const Source source = [&] {
    const Locked locked{mutex_};
    return source_;
  }();
  auto opened = source.backend->open(call, source.uri, source.options);
  if (!opened) {
    if (!call.stop.stop_requested()) {
      Error error = std::move(opened).error();
      const Health before = health();
      if (!before.error || before.error->to_string() != error.to_string()) errors_.record(error);
      set_condition(Condition::down, std::move(error));
    }
    return false;
  }
  medium_ = std::move(*opened);
  if (medium_->profile().remote) workers_.allow(most_remote_workers);
  note_remote(medium_->profile().remote);
  open_medium_ = medium_.get();
  set_condition(Condition::syncing, {});
  log::line(LogLevel::info, settings_.name, "open");
  return true;
}

void LiveContext::note_remote(bool remote) {
  if (remote_.exchange(remote) != remote) {
    const auto write = [&]() -> Result<> {
      const auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
      MAPISTORE_CHECK(writer->set_remote(row_.id, remote));
      return writer->commit();
    };
    if (auto written = write(); !written) errors_.record(written.error());
  }
  if (remote && on_remote) on_remote();
}

void LiveContext::set_condition(Condition condition, std::optional<Error> error) {
  Locked locked{mutex_};
  health_ = {condition, std::move(error)};
  changed_.notify_all();
}

bool LiveContext::rest(const std::stop_token& stop, std::chrono::nanoseconds duration, bool wake_on_poke) {
  Locked locked{mutex_};
  const auto until = std::chrono::steady_clock::now() + duration;
  poked_ = false;
  while (!stop.stop_requested() && !(wake_on_poke && poked_))
    if (changed_.wait_until(locked, until) == std::cv_status::timeout) break;
  return stop.stop_requested();
}

Result<Context*> LiveContext::medium(const Call& call) {
  if (Context* open = open_medium_) return open;
  Locked locked{mutex_};
  while (health_.condition == Condition::opening && open_medium_ == nullptr)
    if (changed_.wait_until(locked, call.deadline) == std::cv_status::timeout) MAPISTORE_CHECK(call.check());
  if (Context* open = open_medium_) return open;
  poked_ = true;
  changed_.notify_all();
  return std::unexpected(health_.error.value_or(Error{Errc::disconnected, settings_.name, "is not open", {}}));
}

Result<> LiveContext::await_ready(const Call& call) {
  const std::stop_callback wake{call.stop, [this] {
                                  const Locked locked{mutex_};
                                  changed_.notify_all();
                                }};
  Locked locked{mutex_};
  while (health_.condition != Condition::ready) {
    MAPISTORE_CHECK(call.check());
    changed_.wait_until(locked, call.deadline);
  }
  return {};
}

Result<> LiveContext::ensure_listed(const Call& call, Fmid folder) {
  if (MAPISTORE_TRY(index_.folder_facts(folder))->listed) return {};
  return sync_->list_folder_once(call, folder);
}

Result<> LiveContext::refresh_folder(const Call& call, Fmid folder) { return sync_->list_folder(call, folder); }

Result<> LiveContext::refresh_all(const Call& call) { return sync_->list_tree(call, row_.root); }

Result<> LiveContext::refresh(const Call& call, Fmid folder, const Key& key) {
  return sync_->refresh_message(call, folder, key);
}

Result<FolderPath> LiveContext::path(const Call& call, Fmid folder) {
  const auto facts = MAPISTORE_TRY(index_.folder_facts(folder));
  if (facts->top != row_.trash) return facts->keys;
  Trashing* trashing = MAPISTORE_TRY(medium(call))->ability<Trashing>();
  if (trashing == nullptr) return fail(Errc::unsupported, settings_.name, "has no trash");
  FolderPath path = trashing->trash();
  path.insert(path.end(), facts->keys.begin(), facts->keys.end());
  return path;
}

Result<Fmid> LiveContext::trash(const Call& call) {
  Trashing* trashing = MAPISTORE_TRY(medium(call))->ability<Trashing>();
  if (trashing == nullptr) return fail(Errc::unsupported, settings_.name, "has no trash");
  if (const auto shown = index_.folder_at(row_.root, trashing->trash())) return *shown;
  return row_.trash;
}

Result<> LiveContext::look_for_trash(const Call& call, Fmid trash) {
  if (trash != row_.trash || looked_for_trash_.exchange(true)) return {};
  MAPISTORE_CHECK(sync_->list_folder(call, row_.root));
  const Fmid shown = MAPISTORE_TRY(this->trash(call));
  return shown == row_.trash ? Result<>{} : sync_->list_folder(call, shown);
}

LiveContext::Health LiveContext::health() const {
  Locked locked{mutex_};
  return health_;
}

}  // namespace mapistore
