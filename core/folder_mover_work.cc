// What follows the move of a folder: its messages, one by one, and then what is left of it.

#include <pthread.h>

#include "core/folder_mover.h"
#include "core/log.h"

namespace mapistore {

namespace {

constexpr std::size_t messages_at_once = 256;
constexpr std::chrono::seconds first_retry{1};
constexpr std::chrono::seconds longest_retry{60};

/// Trying again will not help: the target does not want it.
bool is_refusal(Errc code) {
  switch (code) {
    case Errc::corrupted: case Errc::invalid_argument: case Errc::exists: case Errc::access_denied:
    case Errc::not_permitted: case Errc::read_only: case Errc::unsupported: case Errc::no_space:
    case Errc::quota_exceeded: case Errc::too_large: case Errc::name_too_long: case Errc::invalid_content: return true;
    default: return false;
  }
}

}  // namespace

void FolderMover::go_on() {
  const auto moves = index_.folder_moves();
  if (!moves) return errors_.record(moves.error());
  for (const FolderMove& move : *moves)
    if (const auto target = lane_of(move)) begin(*target);
}

bool FolderMover::stop(std::chrono::steady_clock::time_point deadline) {
  Locked locked{mutex_};
  stopping_ = true;
  for (auto& [target, lane] : lanes_) lane.thread.request_stop();
  changed_.notify_all();
  bool all = true;
  std::vector<std::jthread> ended;
  for (auto& [target, lane] : lanes_) {
    while (lane.runs && changed_.wait_until(locked, deadline) != std::cv_status::timeout) continue;
    all = all && !lane.runs;
    if (lane.runs)
      lane.thread.detach();
    else
      ended.push_back(std::move(lane.thread));
  }
  locked.unlock();
  ended.clear();  // waits for their last steps
  return all;
}

std::optional<ContextId> FolderMover::lane_of(const FolderMove& move) {
  auto facts = index_.folder_facts(move.folder);
  if (!facts) facts = index_.folder_facts(move.origin);
  // Neither is there any more: any thread can strike it off.
  const ContextId context = facts ? (*facts)->context : store_.contexts().front()->row().id;
  if (!store_.context(context)) return std::nullopt;
  return context;
}

void FolderMover::begin(ContextId target) {
  Locked locked{mutex_};
  if (stopping_) return;
  Lane& lane = lanes_[target];
  lane.poked = true;
  changed_.notify_all();
  if (lane.runs) return;
  lane.runs = true;
  // One that has ended its work needs no lock to end.
  lane.thread = std::jthread{[this, target](const std::stop_token& stop) {
    ::pthread_setname_np(::pthread_self(), "folder mover");
    run(stop, target);
  }};
}

void FolderMover::run(const std::stop_token& stop, ContextId target) {
  for (auto pause = first_retry;; pause = std::min(pause * 2, longest_retry)) {
    {
      const Locked locked{mutex_};
      lanes_[target].poked = false;
    }
    auto round = work_off(stop, target);
    Locked locked{mutex_};
    Lane& lane = lanes_[target];
    const bool is_new = !round && (!lane.failure || lane.failure->to_string() != round.error().to_string());
    lane.failure = round ? std::nullopt : std::optional{round.error()};
    ++lane.rounds;
    changed_.notify_all();
    if (stop.stop_requested() || (round.value_or(false) && !lane.poked)) {
      lane.runs = false;
      return;
    }
    if (is_new) {
      locked.unlock();
      errors_.record(round.error());
      locked.lock();
    }
    changed_.wait_until(locked, stop, std::chrono::steady_clock::now() + pause, [&] { return lane.poked; });
    if (lane.poked) pause = first_retry;
  }
}

Result<bool> FolderMover::work_off(const std::stop_token& stop, ContextId target) {
  bool all = true;
  std::optional<Error> failure;
  for (const FolderMove& move : MAPISTORE_TRY(index_.folder_moves())) {
    if (stop.stop_requested()) return false;
    if (lane_of(move) != target) continue;
    const auto done = work_off(stop, target, move);
    if (!done && !failure) failure = done.error();
    all = all && done.value_or(false);
  }
  if (failure) return std::unexpected(*std::move(failure));
  return all;
}

Result<bool> FolderMover::work_off(const std::stop_token& stop, ContextId target, const FolderMove& move) {
  const auto limit = MAPISTORE_TRY(store_.context(target))->settings().deadline;
  const auto folder = index_.folder_facts(move.folder);
  const auto origin = index_.folder_facts(move.origin);
  if (origin && !store_.context((*origin)->context)) return true;  // a mount that has it goes on
  bool all = true;
  for (Fmid after{}; folder && origin;) {
    const auto messages = MAPISTORE_TRY(index_.awaiting(move, after, messages_at_once));
    if (messages.empty()) break;
    for (const StoredMessage& message : messages) {
      if (stop.stop_requested()) return false;
      after = message.node.fmid;
      all = MAPISTORE_TRY(transfer(Call::within(limit, stop), target, move, message)) && all;
    }
  }
  if (!all) return false;
  // What is left is what the target refuses, or would hold in a folder that others have removed there.
  if (origin) MAPISTORE_CHECK(give_back(move));
  const bool is_over = MAPISTORE_TRY(vacate(Call::within(limit, stop), move));
  if (is_over) report(target, move);
  return is_over;
}

void FolderMover::report(ContextId target, const FolderMove& move) {
  Progress progress;
  {
    const Locked locked{mutex_};
    if (auto found = lanes_[target].progress.extract(move.folder)) progress = std::move(found.mapped());
  }
  const auto folder = index_.node(move.folder);
  const auto context = store_.context(target);
  if (!folder || !context) return;
  std::string text =
      "has come to " + (*context)->settings().name + ": " + std::to_string(progress.moved) + " messages moved";
  if (!progress.refused.empty())
    text += ", " + std::to_string(progress.refused.size()) + " refused, which are where they were";
  log::line(LogLevel::info, folder->name, text);
}

Result<bool> FolderMover::transfer(const Call& call, ContextId target, const FolderMove& move,
                                   const StoredMessage& message) {
  const Fmid fmid = message.node.fmid;
  {
    const Locked locked{mutex_};
    if (lanes_[target].progress[move.folder].refused.contains(fmid)) return true;
  }
  auto moved = store_.bring_home(call, fmid);
  if (!moved && moved.error().code == Errc::stale) moved = store_.bring_home(call, fmid);
  if (moved) {
    const Locked locked{mutex_};
    ++lanes_[target].progress[move.folder].moved;
  }
  if (moved || !index_.message(fmid)) return true;
  if (moved.error().code == Errc::not_found) {
    LiveContext* context = MAPISTORE_TRY(store_.context(message.node.context));
    MAPISTORE_CHECK(context->refresh(call, move.origin, message.ref.key));
    return !index_.message(fmid);
  }
  if (!is_refusal(moved.error().code)) return std::unexpected(std::move(moved).error());
  Error refusal = std::move(moved).error();
  if (refusal.object.empty()) refusal.object = message.node.name;
  errors_.record(refusal);
  const Locked locked{mutex_};
  lanes_[target].progress[move.folder].refused.insert(fmid);
  lanes_[target].refusals.emplace(move.folder, refusal);
  return true;
}

Result<> FolderMover::give_back(const FolderMove& move) {
  while (true) {
    const auto messages = MAPISTORE_TRY(index_.awaiting(move, Fmid{}, messages_at_once));
    if (messages.empty()) return {};
    std::vector<std::string> names;
    auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
    const auto revealed = MAPISTORE_TRY(writer->reveal(move.origin));
    for (const auto& [node, ref, state] : messages) names.push_back(MAPISTORE_TRY(writer->put_back(node, move.origin)));
    MAPISTORE_CHECK(writer->commit());
    writer.reset();
    tell_revealed(revealed);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      observer_.vanished(move.folder, messages[i].node.fmid, messages[i].node.name);
      observer_.appeared(move.origin, names[i]);
    }
  }
}

Result<> FolderMover::forget_awaiting(const FolderMove& move) {
  while (true) {
    const auto messages = MAPISTORE_TRY(index_.awaiting(move, Fmid{}, messages_at_once));
    if (messages.empty()) return {};
    auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
    for (const StoredMessage& message : messages) MAPISTORE_CHECK(writer->set_gone(message.node.fmid));
    MAPISTORE_CHECK(writer->touch_folder(move.folder));
    MAPISTORE_CHECK(writer->commit());
    for (const auto& [node, ref, state] : messages) observer_.vanished(move.folder, node.fmid, node.name);
  }
}

Result<bool> FolderMover::vacate(const Call& call, const FolderMove& move) {
  const auto end = [&](const Place* removed, bool shown) -> Result<bool> {
    auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
    if (removed != nullptr) MAPISTORE_CHECK(writer->erase(move.origin));
    const auto revealed = shown ? MAPISTORE_TRY(writer->reveal(move.origin)) : std::vector<Fmid>{};
    MAPISTORE_CHECK(writer->end_folder_move(move.folder));
    MAPISTORE_CHECK(writer->commit());
    writer.reset();
    tell_revealed(revealed);
    return true;
  };
  const auto facts = index_.folder_facts(move.origin);
  if (!facts) {
    // Others removed it from its medium, with all that was in it.
    MAPISTORE_CHECK(forget_awaiting(move));
    return end(nullptr, false);
  }
  if ((*facts)->kind != NodeKind::leaving_folder) return end(nullptr, false);
  if (!MAPISTORE_TRY(index_.leaving_from(move.origin)).empty()) return false;
  MAPISTORE_CHECK(copier_.clear(call, move.origin));
  const auto use = MAPISTORE_TRY(store_.use_of(call, move.origin));
  const Place at = MAPISTORE_TRY(store_.place_for_writing(call, move.origin));
  FolderTraffic::Change change{at.context->traffic(), (*facts)->parent};
  auto removed = at.medium->remove_folder(call, at.path);
  if (removed || removed.error().code == Errc::not_found) {
    change.wrote(at.path.back());
    return end(&at, false);
  }
  if (removed.error().code != Errc::not_empty && !is_refusal(removed.error().code))
    return std::unexpected(std::move(removed).error());
  // It holds what came meanwhile, or what is no message: it is as it would be without the move.
  if (removed.error().code != Errc::not_empty) errors_.record(removed.error());
  MAPISTORE_CHECK(end(nullptr, true));
  MAPISTORE_CHECK(at.context->refresh_folder(call, move.origin));
  return true;
}

void FolderMover::tell_revealed(const std::vector<Fmid>& folders) {
  for (const Fmid folder : folders)
    if (const auto node = index_.node(folder)) observer_.appeared(node->parent, node->name);
}

}  // namespace mapistore
