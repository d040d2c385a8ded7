#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <mapistore/posix.h>
#include <mapistore/result.h>

#include "core/secret_text.h"

namespace mapistore::oauth2 {

/// Where a browser on this machine is sent after signing in (RFC 8252 section 7.3): a port of 127.0.0.1.
class MAPISTORE_API Redirect {
 public:
  /// `port` 0: any. Errc::exists: another program has it.
  static Result<Redirect> listen(std::uint16_t port);

  std::uint16_t port() const noexcept { return port_; }

  /// Waits for the answer that carries `state`, and tells the browser's user how it went; its code. Whatever else
  /// comes is refused, and waited past. Errc::access_denied: the user has refused; Errc::timed_out; others as the
  /// provider tells.
  Result<SecretText> await_code(const std::string& state, std::chrono::milliseconds limit) const;

 private:
  Redirect(posix::UniqueFd listener, std::uint16_t port) : listener_{std::move(listener)}, port_{port} {}

  posix::UniqueFd listener_;
  std::uint16_t port_;
};

}  // namespace mapistore::oauth2
