#pragma once

#include <string>
#include <vector>

#include <mapistore/option_reader.h>

#include "backends/dav/url.h"

namespace mapistore::dav {

/// What a URI of this backend, together with its options, says.
struct Address {
  /// Where to look, and for what.
  struct Start {
    Url url;
    unsigned wanted = 0;  ///< of `component`
  };

  std::string user;
  std::vector<Start> starts;  ///< one or more, all of one service
  unsigned wanted = 0;        ///< of all of them
  std::string profile;        ///< of ServerProfile, where the scheme tells it
  bool is_token = false;      ///< credentials are an access token

  /// Errc::invalid_uri, Errc::invalid_configuration, Errc::unsupported: with the way to write it right.
  static Result<Address> read(const ContextUri& uri, const OptionReader& options);
};

}  // namespace mapistore::dav
