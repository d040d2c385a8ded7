#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <mapistore/posix.h>

namespace mapistore::testing {

/// A wire between a client and a server on loopback, which a test makes slow, cuts or counts.
///
/// Served by a thread of its own. Each method takes effect before it returns, also on open connections. Thread-safe.
class WireProxy {
 public:
  enum class Direction : std::uint8_t { up, down };  ///< to the server; to the client
  enum class Mode : std::uint8_t {
    forward,
    stall,   ///< connections are accepted, and nothing moves on any until the mode is forward again
    refuse,  ///< new connections are refused; open ones go on
  };
  struct Counts {
    std::uint64_t connections = 0;
    std::uint64_t up = 0, down = 0;  ///< bytes handed on
    /// How often a client sent something after it had got something, or for the first time. With a round trip longer
    /// than a client needs to send what it has in hand, this is how often it waited for the wire.
    std::uint64_t round_trips = 0;
    std::uint64_t cuts = 0;
    friend Counts operator-(const Counts& now, const Counts& before) {
      return {now.connections - before.connections, now.up - before.up, now.down - before.down,
              now.round_trips - before.round_trips, now.cuts - before.cuts};
    }
  };

  /// Listens on a free port. Every byte takes half of `round_trip` in each direction, at any throughput; opening a
  /// connection takes no time.
  explicit WireProxy(std::uint16_t server, std::chrono::microseconds round_trip = {});
  WireProxy(const WireProxy&) = delete;
  ~WireProxy();

  std::uint16_t port() const noexcept { return port_; }

  void set_round_trip(std::chrono::microseconds round_trip);
  void set_mode(Mode mode);
  /// Cuts one connection, once: that on which `pattern` passes next (any, if empty), after exactly `bytes` more bytes
  /// in that direction. The server still gets what was sent before, and the end of the stream; the client gets what was
  /// on its way before a cut downwards, and nothing more after one upwards. Takes the place of an earlier cut in that
  /// direction that was not made; ends with its connection.
  void cut_after(Direction direction, std::uint64_t bytes, std::string pattern = {});
  /// Cuts all that are open.
  void cut_now();
  Counts counts();

 private:
  struct Pipe;
  struct Connection;
  struct Cut;

  void serve();
  void call(const std::function<void()>& step);
  void run_calls();
  void wait();
  void accept();
  void read(Connection& connection, Pipe& pipe);
  void admit(Connection& connection, Pipe& pipe, std::string bytes);
  std::optional<std::size_t> bytes_before_cut(const Connection& connection, Pipe& pipe, const std::string& bytes);
  void write(Connection& connection, Pipe& pipe);
  void cut(Connection& connection);

  std::uint16_t server_ = 0, port_ = 0;
  posix::UniqueFd wake_;
  std::mutex mutex_;
  std::vector<std::function<void()>> calls_;  ///< guarded by mutex_

  // What only the thread touches.
  posix::UniqueFd listener_;
  std::chrono::microseconds half_{};
  Mode mode_ = Mode::forward;
  bool ending_ = false;
  std::list<Connection> connections_;
  std::vector<Cut> cuts_;
  std::string buffer_ = std::string(std::size_t{1} << 18, '\0');
  Counts counts_;

  std::thread thread_;
};

}  // namespace mapistore::testing
