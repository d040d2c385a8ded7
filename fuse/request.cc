#include "fuse/request.h"

#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <vector>

namespace mapistore::fs {

namespace {

using Clock = std::chrono::steady_clock;

/// How long an operation that changes something may take to notice that it was cancelled.
constexpr std::chrono::seconds grace{2};
/// How long an interrupted process waits for what may still be answered.
constexpr std::chrono::milliseconds patience{500};

/// The table that fuse_req_interrupt_func's callback asks; its data pointer carries the request's number.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): what libfuse hands over is the number alone
std::atomic<RequestTable*> current_table = nullptr;

void on_interrupt(fuse_req_t, void* number) {
  if (RequestTable* table = current_table) table->interrupt(reinterpret_cast<std::uintptr_t>(number));
}

}  // namespace

bool Request::fail(int error_number) {
  if (!claim()) return false;
  fuse_reply_err(raw_, error_number);
  return true;
}

RequestTable::RequestTable(ReplyGate& gate, std::function<void(const Request&)> late)
    : gate_{gate}, late_{std::move(late)}, thread_{[this](const std::stop_token& stop) {
  ::pthread_setname_np(::pthread_self(), "deadlines");
  run(stop);
}} {
  current_table = this;
}

RequestTable::~RequestTable() {
  current_table = nullptr;
  thread_.request_stop();
  {
    Locked locked{mutex_};
    changed_.notify_all();
  }
}

std::shared_ptr<Request> RequestTable::begin(fuse_req_t raw, std::chrono::nanoseconds limit, Request::Effect effect,
                                             std::string object) {
  const auto deadline = Clock::now() + limit;
  auto request = std::make_shared<Request>(raw, deadline, effect, std::move(object));
  const auto due = deadline + (effect != Request::Effect::reads ? grace : std::chrono::seconds{0});
  std::uint64_t number = 0;
  {
    Locked locked{mutex_};
    number = ++last_number_;
    waiting_.emplace(number, Waiting{request, due, ETIMEDOUT});
    numbers_.emplace(request.get(), number);
    count_ = waiting_.size();
    if (due < next_due_) changed_.notify_one();
  }
  fuse_req_interrupt_func(raw, on_interrupt, reinterpret_cast<void*>(static_cast<std::uintptr_t>(number)));
  return request;
}

void RequestTable::end(const Request& request) {
  Locked locked{mutex_};
  const auto found = numbers_.find(&request);
  if (found == numbers_.end()) return;
  waiting_.erase(found->second);
  numbers_.erase(found);
  count_ = waiting_.size();
}

void RequestTable::interrupt(std::uint64_t number) {
  Locked locked{mutex_};
  const auto found = waiting_.find(number);
  if (found == waiting_.end()) return;
  Waiting& waiting = found->second;
  const bool at_once = waiting.request->effect() == Request::Effect::waits;
  waiting.cancel_at = std::min(waiting.cancel_at, Clock::now() + (at_once ? Clock::duration{} : patience));
  changed_.notify_one();
}

void RequestTable::give_up(Waiting& waiting, Clock::time_point now) {
  waiting.cancel_at = Clock::time_point::max();
  const bool reads = waiting.request->effect() == Request::Effect::reads;
  waiting.due = std::min(waiting.due, reads ? now : now + grace);
  waiting.error_number = EINTR;
}

void RequestTable::run(const std::stop_token& stop) {
  Locked locked{mutex_};
  while (!stop.stop_requested()) {
    const auto now = Clock::now();
    std::vector<std::shared_ptr<Request>> interrupted;
    std::vector<std::pair<std::shared_ptr<Request>, int>> overdue;
    next_due_ = Clock::time_point::max();
    for (auto& [number, waiting] : waiting_) {
      if (waiting.cancel_at <= now) {
        give_up(waiting, now);
        interrupted.push_back(waiting.request);
      }
      if (waiting.due <= now)
        overdue.emplace_back(waiting.request, waiting.error_number);
      else
        next_due_ = std::min({next_due_, waiting.due, waiting.cancel_at});
    }
    if (!interrupted.empty() || !overdue.empty()) {
      locked.unlock();
      for (const auto& request : interrupted) request->cancel();
      for (auto& [request, error_number] : overdue) {
        request->cancel();
        if (const auto pass = gate_.enter(); pass && request->fail(error_number) && error_number == ETIMEDOUT)
          late_(*request);
        end(*request);
      }
      locked.lock();
      continue;
    }
    if (next_due_ == Clock::time_point::max())
      changed_.wait(locked);
    else
      changed_.wait_until(locked, next_due_);
  }
}

}  // namespace mapistore::fs
