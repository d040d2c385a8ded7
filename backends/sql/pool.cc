#include "backends/sql/pool.h"

namespace mapistore::sql {
namespace {

constexpr std::size_t most_connections = 10;
constexpr std::chrono::minutes longest_idle{5};

}  // namespace

Result<Pool::Lease> Pool::take(const Call& call) {
  std::vector<Idle> old;  // closed without the lock
  std::unique_ptr<Connection> connection;
  {
    std::unique_lock lock{mutex_};
    const auto is_free = [&] { return in_use_ < most_connections; };
    if (call.deadline == std::chrono::steady_clock::time_point::max())
      returned_.wait(lock, call.stop, is_free);
    else
      returned_.wait_until(lock, call.stop, call.deadline, is_free);
    MAPISTORE_CHECK(call.check());
    ++in_use_;
    const auto since = std::chrono::steady_clock::now() - longest_idle;
    while (!idle_.empty() && idle_.front().since < since) {
      old.push_back(std::move(idle_.front()));
      idle_.erase(idle_.begin());
    }
    if (!idle_.empty()) {
      connection = std::move(idle_.back().connection);
      idle_.pop_back();
    }
  }
  if (!connection) {
    auto made = driver_.connect(call);
    if (!made) {
      const std::lock_guard lock{mutex_};
      --in_use_;
      returned_.notify_one();
      return std::unexpected(std::move(made).error());
    }
    connection = *std::move(made);
  }
  connection->use(call);
  return Lease{*this, std::move(connection)};
}

void Pool::give_back(std::unique_ptr<Connection> connection) {
  std::vector<Idle> lost;
  connection->rest();
  const std::lock_guard lock{mutex_};
  --in_use_;
  returned_.notify_one();
  if (connection->fault() == Fault::lost) {
    // What ended one has most likely ended the others.
    lost.swap(idle_);
    lost.push_back({std::move(connection), {}});
    return;
  }
  idle_.push_back({std::move(connection), std::chrono::steady_clock::now()});
}

}  // namespace mapistore::sql
