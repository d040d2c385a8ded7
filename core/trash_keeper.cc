#include "core/trash_keeper.h"

#include <pthread.h>

#include "core/log.h"

namespace mapistore {

namespace {

constexpr std::chrono::hours round{1};

}  // namespace

std::vector<LiveContext*> TrashKeeper::contexts() const {
  std::vector<LiveContext*> kept;
  for (const auto& context : store_.contexts())
    if (context->settings().trash_keep && store_.writable(*context)) kept.push_back(context.get());
  return kept;
}

void TrashKeeper::start() {
  if (contexts().empty()) return;
  {
    const Locked locked{mutex_};
    ended_ = false;
  }
  thread_ = std::jthread{[this](const std::stop_token& stop) {
    ::pthread_setname_np(::pthread_self(), "trash");
    run(stop);
    const Locked locked{mutex_};
    ended_ = true;
    woken_.notify_all();
  }};
}

bool TrashKeeper::stop(std::chrono::steady_clock::time_point deadline) {
  if (!thread_.joinable()) return true;
  thread_.request_stop();
  Locked locked{mutex_};
  woken_.notify_all();
  while (!ended_ && woken_.wait_until(locked, deadline) != std::cv_status::timeout) continue;
  const bool ended = ended_;
  locked.unlock();
  if (ended)
    thread_.join();
  else
    thread_.detach();
  return ended;
}

void TrashKeeper::run(const std::stop_token& stop) {
  do {
    for (LiveContext* context : contexts()) clear(stop, *context);
  } while (!rest(stop));
}

void TrashKeeper::clear(const std::stop_token& stop, LiveContext& context) {
  const LiveContext::Settings& settings = context.settings();
  // What others took out of the trash meanwhile is known once the context has been listed. Who is not there within its
  // deadline waits for the next round.
  if (!context.await_ready(Call::within(settings.deadline, stop))) return;
  const auto now = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  const auto purged = store_.purge_trash(Call::within(round, stop), context, now - *settings.trash_keep);
  if (!purged && !stop.stop_requested()) errors_.record(purged.error());
  if (purged && *purged > 0)
    log::line(LogLevel::info, settings.name, "removed " + std::to_string(*purged) + " old messages from the trash");
}

bool TrashKeeper::rest(const std::stop_token& stop) {
  const auto until = std::chrono::steady_clock::now() + round;
  Locked locked{mutex_};
  while (!stop.stop_requested())
    if (woken_.wait_until(locked, until) == std::cv_status::timeout) break;
  return stop.stop_requested();
}

}  // namespace mapistore
