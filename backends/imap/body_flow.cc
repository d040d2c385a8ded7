#include "backends/imap/body_flow.h"

#include <utility>

namespace mapistore::imap {

namespace {

/// Of a body that is not complete: fewer bytes are not worth waking somebody up for.
constexpr std::size_t worth_a_look = std::size_t{64} << 10;

}  // namespace

void BodyFlow::put(Event event, bool is_worth_a_look) {
  coming_.events.push_back(std::move(event));
  is_worth_a_look_ |= is_worth_a_look;
  if (is_worth_a_look_ && is_awaited_) changed_.notify_one();
}

void BodyFlow::begin(std::size_t command, Uid uid, ChangeKey change, std::uint64_t size) {
  const std::lock_guard lock{mutex_};
  put({.kind = Event::Kind::begin, .command = command, .uid = uid, .change = std::move(change), .size = size}, false);
}

void BodyFlow::bytes(std::string_view bytes) {
  const std::lock_guard lock{mutex_};
  coming_.bytes += bytes;
  put({.kind = Event::Kind::bytes, .bytes = bytes.size()}, coming_.bytes.size() >= worth_a_look);
}

void BodyFlow::end(std::size_t command) {
  const std::lock_guard lock{mutex_};
  put({.kind = Event::Kind::end, .command = command}, true);
}

void BodyFlow::over(std::size_t command) {
  const std::lock_guard lock{mutex_};
  put({.kind = Event::Kind::over, .command = command}, true);
}

bool BodyFlow::is_full() {
  const std::lock_guard lock{mutex_};
  if (coming_.bytes.size() < most) return false;
  return was_full_ = true;
}

Result<bool> BodyFlow::take(const Call& call, Batch& into) {
  into.events.clear();
  into.bytes.clear();
  std::unique_lock lock{mutex_};
  const auto is_there = [&] { return is_worth_a_look_; };
  is_awaited_ = true;
  if (call.deadline == std::chrono::steady_clock::time_point::max()) {
    changed_.wait(lock, call.stop, is_there);
  } else {
    changed_.wait_until(lock, call.stop, call.deadline, is_there);
  }
  is_awaited_ = false;
  if (!is_worth_a_look_) MAPISTORE_CHECK(call.check());
  std::swap(coming_, into);
  is_worth_a_look_ = false;
  return std::exchange(was_full_, false);
}

}  // namespace mapistore::imap
