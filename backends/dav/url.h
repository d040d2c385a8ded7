#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mapistore::dav {

/// An http or https address (RFC 3986) without user, query and fragment. A value type.
///
/// The path is in one spelling of the many that servers use for the same: every character but the unreserved ones, "@"
/// and "/" as %XX in upper case, no dot segments. Two addresses of one resource compare equal.
struct Url {
  bool is_secure = true;
  std::string host;  ///< in lower case; an IPv6 address in brackets
  std::uint16_t port = 443;
  std::string path = "/";

  /// Nothing if `text` is none.
  static std::optional<Url> parse(std::string_view text);
  /// What `reference`, an absolute or relative one out of an answer, means beside this.
  std::optional<Url> resolve(std::string_view reference) const;
  /// A child of this: `segment` as it is meant, not encoded.
  Url child(std::string_view segment, bool is_collection) const;

  /// The last part of the path as it is meant, without a slash at its end.
  std::string last_segment() const;
  /// The collection that holds this.
  std::string parent_path() const;
  bool same_origin(const Url& other) const {
    return is_secure == other.is_secure && host == other.host && port == other.port;
  }
  std::string text() const;
  friend bool operator==(const Url&, const Url&) = default;
};

/// `text` with every %XX decoded; what is no such escape stays.
std::string percent_decoded(std::string_view text);
/// One segment of a path, encoded as Url::path has it.
std::string encoded_segment(std::string_view segment);

}  // namespace mapistore::dav
