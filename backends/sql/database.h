#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <type_traits>

#include "backends/sql/pool.h"

namespace mapistore::sql {

/// How long a transaction is tried again, and the pauses in between.
class Retries {
 public:
  explicit Retries(const Call& call) : call_{call}, end_{std::chrono::steady_clock::now() + longest} {}

  /// Waits a little longer each time, by a random part of it. False: it is not worth while any more.
  bool again();

 private:
  static constexpr std::chrono::seconds longest{20};
  const Call& call_;
  std::chrono::steady_clock::time_point end_;
  std::chrono::milliseconds pause_{2};
};

/// A database and its transactions. Thread-safe.
class Database {
 public:
  explicit Database(std::unique_ptr<Driver> driver) : driver_{std::move(driver)}, pool_{*driver_} {}

  const Driver& driver() const noexcept { return *driver_; }

  /// Runs `work` in a transaction: as a whole once more whenever others were in the way or the connection was lost.
  /// `work` is given the connection and whether an earlier attempt may have succeeded after all, because the answer to
  /// its COMMIT was lost: then it looks for what it was to do, by the ids it chose, before it does it again.
  template <class Work>
  auto transact(const Call& call, Mode mode, Work work) -> std::invoke_result_t<Work&, Connection&, bool>;

 private:
  std::unique_ptr<Driver> driver_;
  Pool pool_;
};

template <class Work>
auto Database::transact(const Call& call, Mode mode, Work work) -> std::invoke_result_t<Work&, Connection&, bool> {
  using Outcome = std::invoke_result_t<Work&, Connection&, bool>;
  Retries retries{call};
  std::optional<Error> failure;  // of the attempt before
  for (bool uncertain = false;;) {
    MAPISTORE_CHECK(call.check());
    auto lease = pool_.take(call);
    if (!lease) {
      // Whom it was connected to a moment ago may come back; whom it never reached is not waited for.
      const bool was_reached = failure || lease.error().code == Errc::disconnected;
      if (was_reached && retries.again()) continue;
      return std::unexpected(std::move(lease).error());
    }
    Connection& connection = **lease;
    const auto lost_or_in_the_way = [&](const Error& error) {
      failure = error;
      const Fault fault = connection.fault();
      if (fault != Fault::lost) connection.rollback();
      return fault != Fault::none;
    };
    if (auto begun = connection.begin(mode); !begun) {
      if (lost_or_in_the_way(begun.error()) && retries.again()) continue;
      return std::unexpected(std::move(begun).error());
    }
    Outcome outcome = work(connection, uncertain);
    if (!outcome) {
      if (lost_or_in_the_way(outcome.error()) && retries.again()) continue;
      return outcome;
    }
    auto committed = connection.commit();
    if (committed) return outcome;
    if (connection.fault() == Fault::lost && mode == Mode::write) uncertain = true;
    if (lost_or_in_the_way(committed.error()) && retries.again()) continue;
    return std::unexpected(std::move(committed).error());
  }
}

}  // namespace mapistore::sql
