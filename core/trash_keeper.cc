#include "core/trash_keeper.h"

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
  if (!contexts().empty()) thread_.start("trash", [this](const std::stop_token& stop) { run(stop); });
}

void TrashKeeper::run(const std::stop_token& stop) {
  do {
    for (LiveContext* context : contexts()) clear(stop, *context);
  } while (!thread_.sleep(stop, std::chrono::steady_clock::now() + round));
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

}  // namespace mapistore
