#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <mapistore/result.h>

#include "core/secret_text.h"

namespace mapistore {

/// Who asks for access tokens, and where (RFC 6749).
struct OAuth2Client {
  std::string token_url;  ///< passes check_form_url
  std::string client_id;
  std::string client_secret;          ///< empty: of an application that cannot keep one
  std::string scope;                  ///< empty: what was granted at first
  std::filesystem::path authorities;  ///< certificates to trust instead of the system's
};

struct OAuth2Tokens {
  SecretText access;
  std::optional<std::chrono::seconds> lifetime;  ///< of the access token
  SecretText refresh;                            ///< empty: the one that was used stays
};

/// The token_url of a provider called so, such as "google"; empty if it is not known.
MAPISTORE_API std::string_view token_url_of(std::string_view provider) noexcept;

/// Asks for an access token by a refresh token (RFC 6749 section 6). Blocks for `limit` at most.
/// Errc::authentication_failed: the refresh token or the client is not accepted, and the hint is the way out;
/// Errc::busy; others as of post_form. The log is told of the tokens, and no error holds one.
MAPISTORE_API Result<OAuth2Tokens> refresh_tokens(const OAuth2Client& client, const std::string& refresh_token,
                                                  std::chrono::milliseconds limit);

}  // namespace mapistore
