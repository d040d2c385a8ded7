#include "core/oauth2.h"

#include <algorithm>
#include <array>

#include "core/log.h"
#include "core/oauth2_answer.h"

namespace mapistore {
namespace {

constexpr std::array<OAuth2Provider, 4> providers = {{
    {"google", "https://oauth2.googleapis.com/token", "https://accounts.google.com/o/oauth2/v2/auth",
     "https://oauth2.googleapis.com/device/code",
     "https://mail.google.com/ https://www.googleapis.com/auth/calendar https://www.googleapis.com/auth/carddav"},
    {"microsoft", "https://login.microsoftonline.com/common/oauth2/v2.0/token",
     "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
     "https://login.microsoftonline.com/common/oauth2/v2.0/devicecode",
     "https://outlook.office.com/IMAP.AccessAsUser.All offline_access", "localhost"},
    {"yahoo",
     "https://api.login.yahoo.com/oauth2/get_token",
     "https://api.login.yahoo.com/oauth2/request_auth",
     {},
     "mail-r"},
    {"yandex",
     "https://oauth.yandex.com/token",
     "https://oauth.yandex.com/authorize",
     "https://oauth.yandex.com/device/code",
     {}},
}};

const OAuth2Provider* find(std::string_view value, std::string_view OAuth2Provider::* member) noexcept {
  const auto found = std::ranges::find(providers, value, member);
  return found != providers.end() ? &*found : nullptr;
}

}  // namespace

const OAuth2Provider* oauth2_provider(std::string_view name) noexcept { return find(name, &OAuth2Provider::name); }

const OAuth2Provider* oauth2_provider_at(std::string_view token_url) noexcept {
  return find(token_url, &OAuth2Provider::token_url);
}

Result<OAuth2Tokens> refresh_tokens(const OAuth2Client& client, const std::string& refresh_token,
                                    std::chrono::milliseconds limit) {
  log::redact(refresh_token);
  FormFields fields{{"grant_type", "refresh_token"}, {"refresh_token", refresh_token}};
  if (!client.scope.empty()) fields.emplace_back("scope", client.scope);
  const auto answer = MAPISTORE_TRY(OAuth2Answer::to(client, client.token_url, std::move(fields), limit));
  return answer.tokens();
}

}  // namespace mapistore
