#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "core/oauth2.h"

/// How a user lets a client in, which gives it its first refresh token.
namespace mapistore::oauth2 {

/// What a user confirms on any device (RFC 8628).
struct DeviceCode {
  SecretText code;                   ///< what the client proves itself by
  std::string user_code, address;    ///< what to type, and where
  std::string complete_address;      ///< has the code in it already; may be empty
  std::chrono::seconds lifetime{0};  ///< until all of it ends
  std::chrono::seconds interval{5};  ///< between questions whether it was confirmed
};

/// Errors as of refresh_tokens.
MAPISTORE_API Result<DeviceCode> ask_device_code(const OAuth2Client& client, const std::string& device_url,
                                                 std::chrono::milliseconds limit);

using Pause = std::function<void(std::chrono::seconds)>;

/// Asks until the user has confirmed, with `pause` between, slower when the server wants that or cannot be reached.
/// Errc::access_denied: the user has refused; Errc::timed_out: the code has ended; others as of refresh_tokens.
MAPISTORE_API Result<OAuth2Tokens> await_device(const OAuth2Client& client, const DeviceCode& code,
                                                std::chrono::milliseconds limit, const Pause& pause);

/// What only one attempt to sign in by a browser knows (RFC 8252, RFC 7636).
struct BrowserAttempt {
  std::string state;     ///< comes back with the answer, or it is not ours
  SecretText verifier;   ///< proves that who brings the code has asked for it
  std::string redirect;  ///< where the browser is sent afterwards

  static MAPISTORE_API Result<BrowserAttempt> begin(std::string redirect);
};

/// Where to send the browser.
MAPISTORE_API std::string browser_address(const OAuth2Client& client, std::string_view authorization_url,
                                          const BrowserAttempt& attempt);

/// Gives the code that the browser brought for tokens. Errors as of refresh_tokens.
MAPISTORE_API Result<OAuth2Tokens> redeem(const OAuth2Client& client, const BrowserAttempt& attempt,
                                          const SecretText& code, std::chrono::milliseconds limit);

}  // namespace mapistore::oauth2
