#include "core/use_gate.h"

#include <algorithm>
#include <vector>

namespace mapistore {

namespace {

/// How often who waits at a closed gate looks whether he is to stop.
constexpr std::chrono::milliseconds between_looks{100};

/// The gates that this thread is in, once for each use.
thread_local std::vector<const UseGate*> entered;

}  // namespace

Result<UseGate::Use> UseGate::enter(const Call& call) {
  const bool is_in = std::ranges::find(entered, this) != entered.end();
  Locked locked{mutex_};
  while (closed_ && !is_in) {
    MAPISTORE_CHECK(call.check());
    changed_.wait_until(locked, std::min(call.deadline, std::chrono::steady_clock::now() + between_looks));
  }
  ++users_;
  entered.push_back(this);
  return Use{*this};
}

void UseGate::leave() noexcept {
  entered.erase(std::next(std::ranges::find(entered.rbegin(), entered.rend(), this)).base());
  const Locked locked{mutex_};
  if (--users_ == 0 && closed_) changed_.notify_all();
}

bool UseGate::close(std::chrono::steady_clock::time_point deadline) {
  Locked locked{mutex_};
  closed_ = true;
  while (users_ > 0)
    if (changed_.wait_until(locked, deadline) == std::cv_status::timeout && users_ > 0) {
      closed_ = false;
      changed_.notify_all();
      return false;
    }
  entered.push_back(this);
  ++users_;
  return true;
}

void UseGate::open() {
  {
    const Locked locked{mutex_};
    closed_ = false;
    changed_.notify_all();
  }
  leave();
}

}  // namespace mapistore
