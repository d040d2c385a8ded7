#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <mapistore/result.h>

namespace mapistore {

/// The only address of a context: `{namespace}://{backend's data}`, normalised and without any password.
///
/// Normal form: the scheme in lower case; `%XX` in upper-case hex, decoded where the character is unreserved
/// (RFC 3986 6.2.2); a host in lower case; no trailing slash, except where the data is nothing but slashes.
/// Two spellings of one address compare equal. A value type; cannot hold a password.
class MAPISTORE_API ContextUri {
 public:
  /// Splits `text` into the URI and the password that may stand in `user:password@`; the caller hands the latter to
  /// the secret holder at once. Errc::invalid_uri names what is wrong, never echoing the password.
  struct Parsed;
  static Result<Parsed> parse(std::string_view text);

  const std::string& scheme() const noexcept { return scheme_; }  ///< the namespace, e.g. "imaps"
  const std::string& data() const noexcept { return data_; }      ///< all after "://", still %-encoded
  std::string to_string() const { return scheme_ + "://" + data_; }

  /// The parts of data that is of the form `[user@]host[:port][/path][?query]`, %-decoded. A `file:///x` has an empty
  /// host and path "/x".
  std::string user() const;
  std::string host() const;
  std::optional<std::uint16_t> port() const;
  std::string path() const;
  /// The value of `key` in the query, if there.
  std::optional<std::string> query(std::string_view key) const;

  friend bool operator==(const ContextUri&, const ContextUri&) = default;

 private:
  ContextUri(std::string scheme, std::string data) : scheme_(std::move(scheme)), data_(std::move(data)) {}

  std::string scheme_;
  std::string data_;
};

struct ContextUri::Parsed {
  ContextUri uri;
  std::optional<std::string> password;  ///< %-decoded
};

/// Whether `host` names this machine, by its loopback interface: what is sent there is seen by no wire.
MAPISTORE_API bool is_loopback(std::string_view host) noexcept;

}  // namespace mapistore
