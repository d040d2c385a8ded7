#include "backends/dav/doubts.h"

#include <algorithm>
#include <utility>

namespace mapistore::dav {
namespace {

constexpr std::size_t most_disowned = 4096;

}  // namespace

void Doubts::add() {
  const std::lock_guard lock{mutex_};
  has_new_ = true;
  changed_.notify_all();
}

Result<bool> Doubts::wait(const Call& call, std::chrono::nanoseconds pause) {
  std::unique_lock lock{mutex_};
  changed_.wait_until(lock, call.stop, std::min(std::chrono::steady_clock::now() + pause, call.deadline),
                      [this] { return has_new_; });
  MAPISTORE_CHECK(call.check());
  return std::exchange(has_new_, false);
}

void Doubts::disown(const std::string& path, std::string unless_gone) {
  const std::lock_guard lock{mutex_};
  if (disowned_.size() >= most_disowned) disowned_.erase(disowned_.begin());
  disowned_[path] = std::move(unless_gone);
}

std::optional<std::string> Doubts::disowned(const std::string& path) const {
  const std::lock_guard lock{mutex_};
  const auto found = disowned_.find(path);
  return found != disowned_.end() ? std::optional{found->second} : std::nullopt;
}

void Doubts::own(const std::string& path) {
  const std::lock_guard lock{mutex_};
  disowned_.erase(path);
}

}  // namespace mapistore::dav
