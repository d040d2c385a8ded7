#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "backends/sql/connection.h"

namespace mapistore::sql {

/// The connections of one context. Thread-safe; `driver` outlives it.
class Pool {
 public:
  /// A connection for one thread; goes back when it goes, unless it is lost.
  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<Connection> connection) : pool_{&pool}, connection_{std::move(connection)} {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_) pool_->give_back(std::move(connection_));
    }
    Connection& operator*() const noexcept { return *connection_; }
    Connection* operator->() const noexcept { return connection_.get(); }

   private:
    Pool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  explicit Pool(Driver& driver) : driver_{driver} {}

  /// Waits for one while all are in use.
  Result<Lease> take(const Call& call);

 private:
  void give_back(std::unique_ptr<Connection> connection);

  struct Idle {
    std::unique_ptr<Connection> connection;
    std::chrono::steady_clock::time_point since;
  };

  Driver& driver_;
  std::mutex mutex_;  ///< a leaf
  std::condition_variable_any returned_;
  std::vector<Idle> idle_;
  std::size_t in_use_ = 0;
};

}  // namespace mapistore::sql
