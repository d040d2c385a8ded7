#include "core/switcher.h"

#include <algorithm>

#include "core/log.h"
#include "core/writer_brake.h"

namespace mapistore {

namespace {

constexpr std::chrono::seconds between_passes{1};
constexpr std::chrono::seconds longest_switch_pause{60};
/// What a pass may still have had to do for the next one to be done while nobody may use the context: so many objects,
/// or, after some passes in which others were as fast, what took so long.
constexpr std::uint64_t little = 64;
constexpr unsigned enough_passes = 5;
constexpr std::chrono::seconds short_time{4};
/// For those who use the context to leave it, and for what came since to be brought over.
constexpr std::chrono::seconds time_to_pause{8};
constexpr std::chrono::seconds last_pass{20};
/// Of a pass; only a stop ends it sooner.
constexpr std::chrono::hours whole_pass{240};
constexpr unsigned helpers = 2, remote_helpers = 8;

}  // namespace

Result<LiveContext*> Switcher::top_folder(std::string_view name) const {
  for (const auto& context : store_.contexts())
    if (context->settings().name == name) return context.get();
  return fail(Errc::not_found, name, "is no top folder of this mount");
}

Result<SwitchRow> Switcher::row_of(const LiveContext& context) {
  for (SwitchRow& row : MAPISTORE_TRY(index_.switches()))
    if (row.context == context.row().id) return std::move(row);
  return fail(Errc::not_found, context.settings().name, "has no other medium beside its own");
}

Result<> Switcher::write(const SwitchRow& row) {
  const auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  MAPISTORE_CHECK(writer->set_switch(row));
  return writer->commit();
}

void Switcher::start() {
  thread_.start("switcher", [this](const std::stop_token& stop) { run(stop); });
}

Result<> Switcher::begin(std::string_view name, const std::string& section, const std::string& own_section, bool keep) {
  LiveContext* context = MAPISTORE_TRY(top_folder(name));
  const LiveContext::Source source = MAPISTORE_TRY(open_(section));
  const std::string uri = source.uri.to_string();
  const auto before = row_of(*context);
  // Asked for once more, and it has come to pass.
  if (!keep && before && before->phase == SwitchPhase::switched && context->uri() == source.uri) return {};
  for (const auto& other : store_.contexts())
    if (other->uri() == source.uri)
      return fail(Errc::invalid_argument, uri, "is the medium of " + other->settings().name + " already",
                  "name one that is no top folder's");
  if (!store_.writable(*context)) return fail(Errc::read_only, name, "is read-only", "mount it for writing");
  SwitchRow row{.context = context->row().id,
                .phase = keep ? SwitchPhase::replicating : SwitchPhase::switching,
                .uri = uri,
                .section = section,
                .own_uri = context->uri().to_string(),
                .own_section = own_section};
  if (before) {
    const bool is_ahead = before->phase == SwitchPhase::replicating || before->phase == SwitchPhase::switching;
    if (!is_ahead || before->uri != uri)
      return fail(Errc::busy, name, std::string(is_ahead ? "is kept in " : "has been switched from ") + before->uri,
                  "finish that first: mapistorectl switch --finish");
    row.seen = before->seen;
  }
  MAPISTORE_CHECK(write(row));
  thread_.wake();
  return {};
}

Result<> Switcher::go_back(std::string_view name) {
  const LiveContext* context = MAPISTORE_TRY(top_folder(name));
  SwitchRow row = MAPISTORE_TRY(row_of(*context));
  if (row.phase == SwitchPhase::returned || row.phase == SwitchPhase::returning) return {};
  if (row.phase != SwitchPhase::switched)
    return fail(Errc::not_found, name, "has not been switched yet", "end it with mapistorectl switch --finish");
  // A medium that has lost everything is not taken for somebody's wish that the other one lose it too.
  if (MAPISTORE_TRY(index_.replica_counts(row.context)).messages == 0) {
    const auto lost = MAPISTORE_TRY(index_.lost_replicas(row.context));
    if (std::ranges::any_of(lost, [](const ReplicaRow& one) { return !one.is_folder; }))
      return fail(Errc::not_permitted, name,
                  "has no messages any more, and " + row.uri + " has: going back would remove them there",
                  "end with mapistorectl switch --finish, then switch to that");
  }
  row.phase = SwitchPhase::returning;
  MAPISTORE_CHECK(write(row));
  thread_.wake();
  return {};
}

Result<> Switcher::finish(std::string_view name) {
  const LiveContext* context = MAPISTORE_TRY(top_folder(name));
  const SwitchRow row = MAPISTORE_TRY(row_of(*context));
  if (row.phase == SwitchPhase::returning)
    return fail(Errc::busy, name, "is on its way back to " + row.uri, "wait until it is there");
  const auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  MAPISTORE_CHECK(writer->end_switch(row.context));
  MAPISTORE_CHECK(writer->commit());
  thread_.wake();
  return {};
}

Result<std::vector<Switcher::Status>> Switcher::status() {
  std::vector<Status> all;
  for (const SwitchRow& row : MAPISTORE_TRY(index_.switches())) {
    const auto context = store_.context(row.context);
    if (!context) continue;
    const auto counts = MAPISTORE_TRY(index_.replica_counts(row.context));
    Status& one = all.emplace_back(Status{.folder = (*context)->settings().name,
                                          .phase = row.phase,
                                          .uri = row.uri,
                                          .own_uri = row.own_uri,
                                          .own_section = row.own_section,
                                          .messages = counts.messages,
                                          .held = counts.held,
                                          .error = {}});
    const Locked locked{mutex_};
    if (const auto trouble = troubles_.find(row.context); trouble != troubles_.end()) {
      one.failed = trouble->second.failed;
      one.error = trouble->second.error;
    }
  }
  return all;
}

Result<std::optional<LiveContext::Source>> Switcher::exchanged(const ContextUri& uri) {
  if (!open_) return std::nullopt;
  for (const SwitchRow& row : MAPISTORE_TRY(index_.switches())) {
    const bool has_been =
        row.phase == SwitchPhase::switched || row.phase == SwitchPhase::returned || row.phase == SwitchPhase::returning;
    if (has_been && row.uri == uri.to_string()) return MAPISTORE_TRY(open_(row.own_section));
  }
  return std::nullopt;
}

void Switcher::note(ContextId context, std::uint64_t failed, const std::optional<Error>& error) {
  const Locked locked{mutex_};
  Trouble& known = troubles_[context];
  if (error && (!known.error || known.error->to_string() != error->to_string())) errors_.record(*error);
  known = {failed, error};
}

void Switcher::run(const std::stop_token& stop) {
  constexpr auto no_time = BackgroundThread::Clock::time_point::max();
  while (!stop.stop_requested()) {
    bool is_at_work = false;
    const auto rows = index_.switches();
    for (const SwitchRow& row : rows.value_or(std::vector<SwitchRow>{})) {
      const auto context = store_.context(row.context);
      if (!context || row.phase == SwitchPhase::switched || row.phase == SwitchPhase::returned) continue;
      is_at_work = true;
      Work& work = works_[row.context];
      if (std::chrono::steady_clock::now() < work.not_before) continue;
      auto stepped = step(stop, row, **context, work);
      if (stop.stop_requested()) return;
      if (stepped) {
        work.pause = between_passes;
        continue;
      }
      note(row.context, 0, stepped.error());
      work.not_before = std::chrono::steady_clock::now() + work.pause;
      work.pause = std::min(work.pause * 2, longest_switch_pause);
      // A connection that broke is made anew.
      work.replica.reset();
      work.target.reset();
    }
    std::erase_if(works_, [&](const auto& work) {
      return !rows || std::ranges::find(*rows, work.first, &SwitchRow::context) == rows->end();
    });
    if (thread_.sleep(stop, is_at_work ? BackgroundThread::Clock::now() + between_passes : no_time)) return;
  }
}

Result<> Switcher::open_target(const std::stop_token& stop, const SwitchRow& row, LiveContext& context, Work& work) {
  if (work.target) return {};
  work.source = MAPISTORE_TRY(open_(row.section));
  work.target = MAPISTORE_TRY(work.source->backend->open(Call::within(context.settings().deadline, stop),
                                                         work.source->uri, work.source->options));
  if (work.target->profile().read_only)
    return fail(Errc::read_only, row.uri, "cannot be written", "name a medium that can");
  work.replica = std::make_unique<Replica>(store_, index_, context, *work.target);
  work.verified = false;
  return {};
}

Result<> Switcher::step(const std::stop_token& stop, SwitchRow row, LiveContext& context, Work& work) {
  MAPISTORE_CHECK(context.await_ready(Call::within(context.settings().deadline, stop)));
  MAPISTORE_CHECK(open_target(stop, row, context, work));
  const bool is_to_change = row.phase != SwitchPhase::replicating;
  if (!is_to_change && work.looked_at != 0 && MAPISTORE_TRY(index_.last_change()) == work.looked_at) return {};
  {
    WriterBrake brake{context, index_, *work.replica, work.brake};
    for (unsigned passes = 1;; ++passes) {
      const auto began = std::chrono::steady_clock::now();
      brake.begin(MAPISTORE_TRY(index_.last_change()));
      const Replica::Pass pass = MAPISTORE_TRY(work.replica->bring_up(
          Call::within(whole_pass, stop), row.seen, work.target->profile().remote ? remote_helpers : helpers));
      note(row.context, pass.failed, pass.first_failure);
      if (pass.failed > 0) return {};
      if (pass.done > 0) {
        row.seen = pass.until;
        MAPISTORE_CHECK(write(row));
      }
      // Not the last change of now: what has changed during the pass is for the next one.
      work.looked_at = pass.until;
      if (!is_to_change) return {};
      const auto took = std::chrono::steady_clock::now() - began;
      if (pass.done <= little || (passes >= enough_passes && took < short_time)) break;
      if (const auto now = row_of(context); !now || now->phase != row.phase) return {};
      brake.end(pass.done, MAPISTORE_TRY(index_.changed_messages(row.context, row.seen)).size(), took);
    }
    if (!work.verified) {
      if (MAPISTORE_TRY(work.replica->verify(Call::within(whole_pass, stop))) > 0) {
        row.seen = 0;
        return write(row);
      }
      work.verified = true;
    }
    if (!MAPISTORE_TRY(exchange(stop, row, context, work))) return {};
  }
  work = {};
  return {};
}

Result<bool> Switcher::exchange(const std::stop_token& stop, const SwitchRow& row, LiveContext& context, Work& work) {
  if (index_.is_shared())
    return fail(Errc::busy, context.settings().name, "is part of another mount too", "unmount that one");
  // What is on its way between media arrives first.
  if (MAPISTORE_TRY(index_.has_unsettled(row.context))) return false;
  if (!context.pause(std::chrono::steady_clock::now() + time_to_pause)) return false;
  auto exchanged = exchange_paused(stop, row, context, work);
  context.resume();
  MAPISTORE_CHECK(exchanged);
  log::line(LogLevel::info, context.settings().name, "is in " + row.uri + " now, no longer in " + row.own_uri);
  note(row.context, 0, {});
  return true;
}

Result<> Switcher::exchange_paused(const std::stop_token& stop, const SwitchRow& row, LiveContext& context,
                                   Work& work) {
  const Call call = Call::within(last_pass, stop);
  // What others have put into the medium until now is to come along.
  MAPISTORE_CHECK(context.refresh_all(call));
  const auto pass = MAPISTORE_TRY(work.replica->bring_up(call, row.seen, 0));
  if (pass.first_failure) return std::unexpected(*pass.first_failure);
  const auto counts = MAPISTORE_TRY(index_.replica_counts(row.context));
  if (counts.messages != counts.held || MAPISTORE_TRY(index_.has_unsettled(row.context)))
    return fail(Errc::busy, context.settings().name,
                "is in use: " + std::to_string(counts.held) + " of " + std::to_string(counts.messages) +
                    " messages are in the other medium",
                "it is tried again");
  if (Durability* durability = work.target->ability<Durability>()) MAPISTORE_CHECK(durability->make_durable(call));
  // Of either medium some bytes may not be those of the other.
  const auto makes_others = [](const Profile& profile) { return profile.rewrites_bytes || profile.crlf_lines; };
  const bool bytes_change =
      makes_others(work.target->profile()) || makes_others(MAPISTORE_TRY(context.medium(call))->profile());
  {
    const auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
    MAPISTORE_CHECK(writer->exchange_media(row, work.target->profile().remote));
    MAPISTORE_CHECK(writer->commit());
  }
  work.replica.reset();
  retired_.push_back(context.exchange(*std::move(work.source), std::move(work.target)));
  if (!bytes_change) return {};
  for (const Fmid fmid : MAPISTORE_TRY(index_.changed_messages(row.context, 0))) observer_.bytes_changed(fmid);
  return {};
}

}  // namespace mapistore
