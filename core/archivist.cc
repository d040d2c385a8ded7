#include "core/archivist.h"

#include <algorithm>

#include "core/index.h"
#include "core/log.h"

namespace mapistore {

namespace {

constexpr std::chrono::seconds interval = std::chrono::hours{1};
constexpr std::chrono::seconds soon{3};    // after a failure, then twice as long each time
constexpr std::size_t held_at_once = 200;  // messages that are held at once
constexpr std::size_t most_failures = 10;  // then something is wrong with more than a message
constexpr std::uint32_t folder_mode = 0700;

}  // namespace

/// One walk through a context.
struct Archivist::Round {
  struct Folder {
    Fmid fmid;
    std::string name;
    std::size_t parent = 0;             ///< place in `folders`; of the first: itself
    std::optional<Fmid> destination{};  ///< once it is known
  };

  const Duty& duty;
  std::stop_token stop;
  Time limit{};
  Fmid trash{};
  std::vector<Folder> folders{};
  std::size_t moved = 0, failures = 0;

  Call call() const { return Call::within(duty.from->settings().deadline + duty.to->settings().deadline, stop); }
};

std::vector<Archivist::Duty> Archivist::duties() const {
  std::vector<Duty> found;
  for (const auto& from : store_.contexts())
    for (const auto& to : store_.contexts())
      if (from->settings().archive_after && from != to && to->settings().name == from->settings().archive_to &&
          store_.writable(*from) && store_.writable(*to))
        found.push_back({from.get(), to.get()});
  return found;
}

void Archivist::start() {
  if (!duties().empty()) thread_.start("archivist", [this](const std::stop_token& stop) { run(stop); });
}

void Archivist::run(const std::stop_token& stop) {
  std::chrono::seconds pause = soon;
  bool all = false;
  do {
    all = true;
    for (const Duty& duty : duties()) all = archive(stop, duty) && all;
    pause = all ? soon : std::min(2 * pause, interval);
  } while (!thread_.sleep(stop, std::chrono::steady_clock::now() + (all ? interval : pause)));
}

bool Archivist::archive(const std::stop_token& stop, const Duty& duty) {
  const LiveContext::Settings& settings = duty.from->settings();
  // Who is not there within its deadline waits for the next round.
  for (LiveContext* context : {duty.from, duty.to})
    if (!context->await_ready(Call::within(context->settings().deadline, stop))) return false;
  const auto now = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  Round round{.duty = duty, .stop = stop, .limit = now - *settings.archive_after};
  round.trash = duty.from->trash(round.call()).value_or(Fmid{});
  round.folders.push_back({.fmid = duty.from->row().root, .name = {}, .destination = duty.to->row().root});
  for (std::size_t at = 0; at < round.folders.size() && round.failures < most_failures; ++at) {
    const auto done = archive_folder(round, at);
    if (stop.stop_requested()) break;
    if (done) continue;
    errors_.record(done.error());
    ++round.failures;
  }
  if (round.moved > 0)
    log::line(LogLevel::info, settings.name,
              "moved " + std::to_string(round.moved) + " old messages to " + settings.archive_to);
  return round.failures == 0;
}

Result<> Archivist::archive_folder(Round& round, std::size_t at) {
  Index& index = store_.index();
  const Fmid folder = round.folders[at].fmid;
  const ContextId context = round.duty.from->row().id;
  MAPISTORE_CHECK(round.duty.from->ensure_listed(round.call(), folder));
  Fmid after{};
  for (bool more = true; more;) {
    std::vector<Node> old;
    more = false;
    MAPISTORE_CHECK(index.list(folder, after, [&](const Node& node) {
      after = node.fmid;
      if (node.kind == NodeKind::folder && node.context == context && node.fmid != round.trash)
        round.folders.push_back({.fmid = node.fmid, .name = node.name, .parent = at});
      if (node.kind == NodeKind::message && node.context == context && node.modified < round.limit) old.push_back(node);
      more = old.size() == held_at_once;
      return !more;
    }));
    for (const Node& message : old) {
      MAPISTORE_CHECK(round.call().check());
      const auto moved = move(round, message, at);
      if (round.stop.stop_requested()) return moved;
      if (moved) continue;
      errors_.record(moved.error());
      if (++round.failures >= most_failures) return {};
    }
  }
  return {};
}

Result<> Archivist::move(Round& round, const Node& message, std::size_t folder) {
  const Fmid to = MAPISTORE_TRY(destination(round, folder));
  const std::string name = store_.index().free_name(to, message.name);
  auto moved = store_.move_message(round.call(), message, to, name, std::nullopt);
  // Somebody has moved or removed it himself.
  if (!moved && moved.error().code == Errc::not_found) return {};
  MAPISTORE_CHECK(moved);
  store_.tell_moved(message, to, name);
  ++round.moved;
  return {};
}

Result<Fmid> Archivist::destination(Round& round, std::size_t at) {
  if (round.folders[at].destination) return *round.folders[at].destination;
  const Fmid parent = MAPISTORE_TRY(destination(round, round.folders[at].parent));
  const std::string& name = round.folders[at].name;
  auto there = store_.index().find(parent, name);
  if (!there && there.error().code == Errc::not_found) {
    MAPISTORE_CHECK(store_.make_folder(round.call(), parent, name, folder_mode));
    store_.tell_made(parent, name);
    there = store_.index().find(parent, name);
  }
  const Node folder = MAPISTORE_TRY(std::move(there));
  if (folder.kind != NodeKind::folder)
    return fail(Errc::not_a_folder, name, "is in the way of a folder of old messages", "rename it");
  round.folders[at].destination = folder.fmid;
  return folder.fmid;
}

}  // namespace mapistore
