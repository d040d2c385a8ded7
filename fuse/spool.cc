#include "fuse/spool.h"

#include <algorithm>

namespace mapistore::fs {

namespace {

/// Of one context. Leaves workers for whoever waits.
constexpr std::size_t most_at_once = 24;
constexpr std::chrono::milliseconds first_pause{1000}, longest_pause{60'000};
/// Until a file that somebody is about to change, or for which no worker is free, is tried again.
constexpr std::chrono::milliseconds short_pause{50};

}  // namespace

void Spool::start() {
  const auto adopt = [&]() -> Result<> {
    auto writer = MAPISTORE_TRY(IndexWriter::begin(store_.index()));
    MAPISTORE_CHECK(writer->adopt_spool());
    MAPISTORE_CHECK(writer->commit());
    writer.reset();
    // What belongs to a context that this mount has not waits for one that has it.
    for (const Node& file : MAPISTORE_TRY(store_.index().spooled()))
      if (store_.context(file.context)) add(file.fmid, file.context);
    return {};
  };
  if (auto adopted = adopt(); !adopted) store_.errors().record(adopted.error());
  thread_.start("spool", [this](const std::stop_token& stop) { run(stop); });
}

bool Spool::stop(Clock::time_point deadline) {
  {
    Locked locked{mutex_};
    ending_ = true;
    // Each gets one more attempt.
    for (auto& [context, queue] : queues_) {
      for (const auto& [due, number] : queue.paused) queue.ready.push_back(number);
      queue.paused.clear();
    }
    thread_.wake();
    while (!is_drained() && changed_.wait_until(locked, deadline) != std::cv_status::timeout) {
    }
  }
  return thread_.stop(deadline);
}

bool Spool::is_drained() const {
  return in_flight_.empty() &&
         std::ranges::all_of(queues_, [](const auto& queue) { return queue.second.ready.empty(); });
}

void Spool::add(Fmid file, ContextId context) {
  {
    const Locked locked{mutex_};
    Queue& queue = queues_[context];
    queue.items.emplace(++last_number_, Item{.file = file});
    queue.ready.push_back(last_number_);
  }
  thread_.wake();
}

void Spool::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) thread_.sleep(stop, hand_out());
}

Spool::Clock::time_point Spool::hand_out() {
  std::vector<std::pair<ContextId, std::uint64_t>> due;
  auto next = Clock::time_point::max();
  {
    const Locked locked{mutex_};
    for (auto& [context, queue] : queues_) {
      while (!queue.paused.empty() && queue.paused.begin()->first <= Clock::now()) {
        queue.ready.push_back(queue.paused.begin()->second);
        queue.paused.erase(queue.paused.begin());
      }
      while (!queue.ready.empty() && queue.in_flight < most_at_once) {
        const std::uint64_t number = queue.ready.front();
        queue.ready.pop_front();
        const Fmid file = queue.items.at(number).file;
        if (held_.contains(file) || in_flight_.contains(file)) {
          queue.paused.emplace(Clock::now() + short_pause, number);
          continue;
        }
        in_flight_.insert(file);
        ++queue.in_flight;
        due.emplace_back(context, number);
      }
      if (!queue.paused.empty()) next = std::min(next, queue.paused.begin()->first);
    }
  }
  for (const auto& [context, number] : due)
    if (!begin(context, number)) put_back(context, number);
  return next;
}

void Spool::put_back(ContextId context, std::uint64_t number) {
  const Locked locked{mutex_};
  Queue& queue = queues_[context];
  in_flight_.erase(queue.items.at(number).file);
  --queue.in_flight;
  queue.paused.emplace(Clock::now() + short_pause, number);
  thread_.wake();
}

bool Spool::begin(ContextId id, std::uint64_t number) {
  const auto context = store_.context(id);
  if (!context) return false;
  Fmid file;
  {
    const Locked locked{mutex_};
    file = queues_[id].items.at(number).file;
  }
  return (*context)->workers().submit(
      [this, id, number, file] { end(id, number, upload_(Call::within(deadline_), file)); });
}

void Spool::end(ContextId context, std::uint64_t number, Result<> result) {
  std::optional<Error> news;
  {
    const Locked locked{mutex_};
    Queue& queue = queues_[context];
    Item& item = queue.items.at(number);
    in_flight_.erase(item.file);
    --queue.in_flight;
    if (result) {
      queue.items.erase(number);
    } else {
      if (result.error().to_string() != last_failure_) news = result.error();
      last_failure_ = result.error().to_string();
      item.error = std::move(result).error();
      item.pause = std::clamp(item.pause * 2, first_pause, longest_pause);
      if (!ending_) queue.paused.emplace(Clock::now() + item.pause, number);
    }
    changed_.notify_all();
  }
  if (news) store_.errors().record(*news);
  thread_.wake();
}

Result<> Spool::settle(const Call& call, ContextId context) {
  Locked locked{mutex_};
  const std::uint64_t last = last_number_;
  while (true) {
    const auto queue = queues_.find(context);
    if (queue == queues_.end() || queue->second.items.empty()) return {};
    const auto& [number, oldest] = *queue->second.items.begin();
    if (number > last) return {};
    if (oldest.error) return std::unexpected(*oldest.error);
    MAPISTORE_CHECK(call.check());
    changed_.wait_until(locked, std::min(call.deadline, Clock::now() + std::chrono::seconds{1}));
  }
}

Result<Spool::Hold> Spool::hold(const Call& call, Fmid file) {
  Locked locked{mutex_};
  held_.insert(file);
  while (in_flight_.contains(file)) {
    if (auto waiting = call.check(); !waiting) {
      held_.erase(held_.find(file));
      return std::unexpected(waiting.error());
    }
    changed_.wait_until(locked, std::min(call.deadline, Clock::now() + std::chrono::seconds{1}));
  }
  return Hold{*this, file};
}

Spool::Hold::~Hold() {
  if (spool_ == nullptr) return;
  const Locked locked{spool_->mutex_};
  spool_->held_.erase(spool_->held_.find(file_));
}

std::size_t Spool::count() const {
  const Locked locked{mutex_};
  std::size_t count = 0;
  for (const auto& [context, queue] : queues_) count += queue.items.size();
  return count;
}

std::vector<Spool::Refused> Spool::refused(std::size_t most) const {
  const Locked locked{mutex_};
  std::vector<Refused> list;
  for (const auto& [context, queue] : queues_)
    for (const auto& [number, item] : queue.items) {
      if (list.size() == most) return list;
      if (item.error) list.push_back({item.file, item.error->to_string()});
    }
  return list;
}

}  // namespace mapistore::fs
