#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include <mapistore/host.h>
#include <mapistore/uri.h>

#include "backends/imap/io_thread.h"
#include "backends/imap/provider.h"
#include "backends/imap/session.h"

namespace mapistore::imap {

/// What a connection is for, so that long work and short work do not wait for each other.
enum class Lane : std::uint8_t {
  foreground,  ///< what somebody waits for: single reads and all changes
  bulk,        ///< streams of bodies
  sync,        ///< listings, and what the server tells unasked
};

/// The connections of one context: opened when first needed, and again after they are lost, with a pause that grows
/// while it does not work and is never shorter than the server asks for. Thread-safe.
class Account {
 public:
  struct Settings {
    ContextUri uri;
    SessionSettings session;  ///< without credentials
    bool is_token = false;    ///< the secret is an OAuth 2 access token
    bool one_connection = false;
  };

  /// `observer` hears of all connections.
  Account(Host& host, Settings settings, SessionObserver& observer);
  ~Account();
  Account(const Account&) = delete;

  /// The connection for `lane`; blocks while it is being made. Errc::busy or what the last attempt answered while no
  /// other is to be made yet.
  std::expected<std::shared_ptr<Session>, Failure> session(const Call& call, Lane lane);

  using Attempt = std::function<Answer(Session&)>;
  /// Runs `attempt`, and once more on a new connection if the old one was lost before the server got the command. With
  /// `repeatable` also if it may have got it.
  Answer run(const Call& call, Lane lane, bool repeatable, const Attempt& attempt);

  /// Has the connection for `lane` made, once, beside what is being done: making one takes many round trips.
  void prepare(Lane lane);

  /// Of the server, once a connection has been made.
  const Provider& provider() const noexcept { return *provider_; }
  const std::string& host() const noexcept { return settings_.session.host; }
  /// Ends all connections politely.
  void close(const Call& call);

 private:
  using Clock = std::chrono::steady_clock;
  struct Slot {
    std::shared_ptr<Session> session;
    bool opening = false;
    std::atomic_flag is_prepared;
    std::jthread preparing;
  };

  Slot& slot(Lane lane);
  std::expected<std::shared_ptr<Session>, Failure> open(const Call& call, Lane lane);

  Host& host_;
  const Settings settings_;
  SessionObserver& observer_;
  IoThread io_;
  std::atomic<const Provider*> provider_;

  std::mutex mutex_;  ///< rank: leaf
  std::condition_variable changed_;
  Clock::time_point not_before_{};  ///< of all: servers block accounts, not connections
  std::chrono::milliseconds pause_{0};
  std::optional<Failure> last_failure_;
  std::array<Slot, 3> slots_;  // last: what is being prepared uses all
};

}  // namespace mapistore::imap
