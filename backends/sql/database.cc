#include "backends/sql/database.h"

#include <condition_variable>
#include <mutex>
#include <random>

namespace mapistore::sql {

bool Retries::again() {
  const auto now = std::chrono::steady_clock::now();
  if (now >= end_ || !call_.check()) return false;
  thread_local std::minstd_rand random{std::random_device{}()};
  const std::chrono::milliseconds pause{std::uniform_int_distribution<long>{1, pause_.count()}(random)};
  pause_ = std::min(pause_ * 2, std::chrono::milliseconds{500});
  std::mutex mutex;
  std::unique_lock lock{mutex};
  std::condition_variable_any never;
  never.wait_until(lock, call_.stop, std::min(now + pause, call_.deadline), [] { return false; });
  return call_.check().has_value();
}

}  // namespace mapistore::sql
