#pragma once

#include <mapistore/posix.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace mapistore::mountd {

/// What systemd, or whoever speaks sd_notify(3) and sd_listen_fds(3), has told us, and how it is told of us. Where
/// there is none, all of it does nothing.
class ServiceManager {
 public:
  /// Reads the environment, and removes from it what is for this process alone.
  static ServiceManager from_environment();

  /// The listening socket that it has made for us, if it has.
  posix::UniqueFd take_socket() noexcept { return std::move(socket_); }
  /// How often it wants to hear that we live.
  std::optional<std::chrono::microseconds> watchdog() const noexcept { return watchdog_; }

  void ready() const { tell("READY=1\nSTATUS=Keeps the mounts.\n"); }
  /// Followed by ready() once it is done.
  void reloading() const;
  void stopping() const { tell("STOPPING=1\nSTATUS=Unmounts.\n"); }
  void alive() const { tell("WATCHDOG=1\n"); }

 private:
  void tell(std::string_view state) const;

  std::string address_;  ///< of its datagram socket; empty: there is none
  posix::UniqueFd socket_;
  std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace mapistore::mountd
