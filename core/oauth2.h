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

/// Where a known provider gives tokens and lets its users sign in. Empty: it has no such place.
struct OAuth2Provider {
  std::string_view name, token_url;
  std::string_view authorization_url;            ///< for a browser
  std::string_view device_url;                   ///< for the codes of RFC 8628
  std::string_view scope;                        ///< of what a store needs
  std::string_view redirect_host = "127.0.0.1";  ///< as it wants this machine to be called
};

/// The one called so, such as "google", or the one whose token_url this is; null if it is not known.
MAPISTORE_API const OAuth2Provider* oauth2_provider(std::string_view name) noexcept;
MAPISTORE_API const OAuth2Provider* oauth2_provider_at(std::string_view token_url) noexcept;

/// Asks for an access token by a refresh token (RFC 6749 section 6). Blocks for `limit` at most.
/// Errc::authentication_failed: the refresh token or the client is not accepted, and the hint is the way out;
/// Errc::busy; others as of post_form. The log is told of the tokens, and no error holds one.
MAPISTORE_API Result<OAuth2Tokens> refresh_tokens(const OAuth2Client& client, const std::string& refresh_token,
                                                  std::chrono::milliseconds limit);

}  // namespace mapistore
