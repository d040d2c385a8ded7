#include "core/oauth2_sign_in.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/codec/digest.h"
#include "core/codec/transfer.h"
#include "core/log.h"
#include "core/oauth2_answer.h"

namespace mapistore::oauth2 {
namespace {

/// base64url without padding (RFC 7636 appendix A).
std::string url_base64(std::string_view bytes) {
  std::string text = codec::base64_of(bytes);
  text.erase(std::min(text.find('='), text.size()));
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

/// 256 bits that nobody guesses, as 43 characters.
Result<std::string> random_text() {
  std::array<char, 32> bytes{};
  if (::getentropy(bytes.data(), bytes.size()) != 0) return std::unexpected(system_error(errno, "random numbers"));
  return url_base64({bytes.data(), bytes.size()});
}

bool is_passing(Errc code) {
  return code == Errc::timed_out || code == Errc::unreachable || code == Errc::connection_refused || code == Errc::busy;
}

}  // namespace

Result<DeviceCode> ask_device_code(const OAuth2Client& client, const std::string& device_url,
                                   std::chrono::milliseconds limit) {
  FormFields fields;
  if (!client.scope.empty()) fields.emplace_back("scope", client.scope);
  const auto answer = MAPISTORE_TRY(OAuth2Answer::to(client, device_url, std::move(fields), limit));
  if (!answer.is_granted()) return answer.refusal();
  DeviceCode code{SecretText{answer.text("device_code")},
                  answer.text("user_code"),
                  answer.text("verification_uri"),
                  answer.text("verification_uri_complete"),
                  answer.seconds("expires_in").value_or(std::chrono::seconds{0}),
                  answer.seconds("interval").value_or(std::chrono::seconds{5})};
  if (code.address.empty()) code.address = answer.text("verification_url");  // Google's word for it
  log::redact(code.code.text());
  if (code.code.text().empty() || code.user_code.empty() || code.address.empty() || code.lifetime.count() == 0)
    return fail(Errc::io, device_url, "answers no code for a device", "check device_url");
  return code;
}

Result<OAuth2Tokens> await_device(const OAuth2Client& client, const DeviceCode& code, std::chrono::milliseconds limit,
                                  const Pause& pause) {
  constexpr std::chrono::seconds slower{5};  // RFC 8628 3.5
  std::chrono::seconds interval = std::max(code.interval, std::chrono::seconds{1});
  for (auto waited = interval; waited <= code.lifetime; waited += interval) {
    pause(interval);
    const auto answer = OAuth2Answer::to(
        client, client.token_url,
        {{"grant_type", "urn:ietf:params:oauth:grant-type:device_code"}, {"device_code", code.code.text()}}, limit);
    if (!answer) {
      if (!is_passing(answer.error().code)) return std::unexpected(answer.error());
      interval *= 2;
    } else if (answer->error() == "slow_down") {
      interval += slower;
    } else if (answer->error() != "authorization_pending") {
      auto tokens = answer->tokens();
      if (tokens || !is_passing(tokens.error().code) || answer->error() == "expired_token") return tokens;
      interval *= 2;
    }
  }
  return fail(Errc::timed_out, client.token_url, "nobody has confirmed the code in time", "begin again");
}

Result<BrowserAttempt> BrowserAttempt::begin(std::string redirect) {
  std::string state = MAPISTORE_TRY(random_text());
  BrowserAttempt attempt{std::move(state), SecretText{MAPISTORE_TRY(random_text())}, std::move(redirect)};
  log::redact(attempt.verifier.text());
  return attempt;
}

std::string browser_address(const OAuth2Client& client, std::string_view authorization_url,
                            const BrowserAttempt& attempt) {
  const auto digest = codec::sha256(attempt.verifier.text());
  const std::string challenge = url_base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
  FormFields fields{{"response_type", "code"},
                    {"client_id", client.client_id},
                    {"redirect_uri", attempt.redirect},
                    {"state", attempt.state},
                    {"code_challenge", challenge},
                    {"code_challenge_method", "S256"},
                    // Google gives a refresh token only if asked so; others pass over what they do not know.
                    {"access_type", "offline"},
                    {"prompt", "consent"}};
  if (!client.scope.empty()) fields.emplace_back("scope", client.scope);
  const char joint = authorization_url.contains('?') ? '&' : '?';
  return std::string(authorization_url) + joint + encode_form(fields);
}

Result<OAuth2Tokens> redeem(const OAuth2Client& client, const BrowserAttempt& attempt, const SecretText& code,
                            std::chrono::milliseconds limit) {
  const auto answer = MAPISTORE_TRY(OAuth2Answer::to(client, client.token_url,
                                                     {{"grant_type", "authorization_code"},
                                                      {"code", code.text()},
                                                      {"redirect_uri", attempt.redirect},
                                                      {"code_verifier", attempt.verifier.text()}},
                                                     limit));
  return answer.tokens();
}

}  // namespace mapistore::oauth2
