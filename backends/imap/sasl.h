#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/result.h>

namespace mapistore::imap {

/// Who logs in. Never shown, logged or part of an error.
struct Credentials {
  std::string user = {};
  std::string secret = {};  ///< a password, or an OAuth 2 access token
  bool is_token = false;
  std::string acting_for = {};  ///< authorisation identity; empty: the user
  std::string mechanism = {};   ///< only this one, e.g. "PLAIN" or "LOGIN"; empty: the strongest that both sides know
};

/// What the connection is like, as far as it decides about mechanisms.
struct SaslChannel {
  std::string host = {};
  std::uint16_t port = 0;
  bool is_private = false;        ///< encrypted, or to this machine: may carry a secret as it is
  std::string tls_unique = {};    ///< binding of TLS up to 1.2; empty: none
  std::string tls_exporter = {};  ///< binding of TLS 1.3; empty: none
};

/// The mechanisms to try, strongest first, of those `offered`. With a token OAUTHBEARER and XOAUTH2; with a password
/// the SCRAM family and then, on a private channel alone, PLAIN and LOGIN. The -PLUS ones on TLS 1.2; on TLS 1.3 only
/// if asked for by name.
std::vector<std::string> usable_mechanisms(const std::vector<std::string>& offered, const Credentials& credentials,
                                           const SaslChannel& channel);

/// One exchange of one mechanism. Not thread-safe.
class SaslExchange {
 public:
  static Result<std::unique_ptr<SaslExchange>> begin(std::string_view mechanism, const Credentials& credentials,
                                                     const SaslChannel& channel);
  virtual ~SaslExchange() = default;

  /// Whether the client speaks first, so that SASL-IR saves a round trip.
  virtual bool speaks_first() const noexcept = 0;
  /// Our next message, to what the server said (both not in base64; "" where we speak first).
  /// Errc::authentication_failed: the server does not prove that it knows the password, or its OAuth error.
  virtual Result<std::string> step(std::string_view challenge) = 0;
  /// Whether the server has proved all that the mechanism demands of it; asked when it says OK.
  virtual bool is_satisfied() const noexcept = 0;
  /// What the server said in an error challenge (OAuth), for a person; else empty.
  virtual std::string server_error() const { return {}; }
};

std::string base64(std::string_view bytes);
/// Errc::corrupted: not base64.
Result<std::string> from_base64(std::string_view text);

}  // namespace mapistore::imap
