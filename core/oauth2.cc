#include "core/oauth2.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "core/http_form.h"
#include "core/log.h"

namespace mapistore {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> providers = {{
    {"google", "https://oauth2.googleapis.com/token"},
    {"microsoft", "https://login.microsoftonline.com/common/oauth2/v2.0/token"},
    {"yahoo", "https://api.login.yahoo.com/oauth2/get_token"},
    {"yandex", "https://oauth.yandex.com/token"},
}};

/// RFC 6749 5.2.
struct Refusal {
  std::string_view error;
  Errc code;
  std::string_view hint;
};
constexpr std::array<Refusal, 5> refusals = {{
    {"invalid_grant", Errc::authentication_failed, "sign in again, and store the new refresh token"},
    {"invalid_client", Errc::authentication_failed, "check client_id and client_secret"},
    {"unauthorized_client", Errc::authentication_failed, "check client_id, and what the provider lets it do"},
    {"invalid_scope", Errc::invalid_configuration, "check scope"},
    {"temporarily_unavailable", Errc::busy, "try later"},
}};

std::string text_of(const Json& json, const char* member) {
  const auto found = json.find(member);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

/// A number, which some write as a string.
std::optional<std::chrono::seconds> lifetime_of(const Json& json) {
  const auto found = json.find("expires_in");
  if (found == json.end()) return std::nullopt;
  std::int32_t seconds = 0;
  const std::string text = found->is_string() ? found->get<std::string>() : found->dump();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || seconds < 0) return std::nullopt;
  return std::chrono::seconds{seconds};
}

/// Wipes the texts of a parsed answer, which the parser copied.
void wipe(Json& json) {
  for (Json& member : json)
    if (auto* text = member.get_ptr<std::string*>()) SecretText::wipe(*text);
}

/// What a server says of itself, in one short line without secrets.
std::string shown(std::string text) {
  constexpr std::size_t longest = 200;
  text = log::harmless(text.substr(0, text.find_first_of("\r\n")));
  return text.size() > longest ? text.substr(0, longest) + "..." : text;
}

std::unexpected<Error> refused(const OAuth2Client& client, long status, const Json& json) {
  const std::string error = text_of(json, "error");
  std::string what = error.empty() ? "answers HTTP status " + std::to_string(status) : "answers " + shown(error);
  if (const std::string said = text_of(json, "error_description"); !said.empty()) what += ": " + shown(said);
  const auto known = std::ranges::find(refusals, error, &Refusal::error);
  if (known != refusals.end()) return fail(known->code, client.token_url, what, known->hint);
  constexpr long too_many = 429, server_error = 500;
  if (status == too_many || status >= server_error) return fail(Errc::busy, client.token_url, what, "try later");
  return fail(Errc::io, client.token_url, what, "check token_url");
}

Result<OAuth2Tokens> tokens_of(const OAuth2Client& client, const Json& json) {
  OAuth2Tokens tokens{SecretText{text_of(json, "access_token")}, lifetime_of(json),
                      SecretText{text_of(json, "refresh_token")}};
  log::redact(tokens.access.text());
  log::redact(tokens.refresh.text());
  std::string type = text_of(json, "token_type");
  std::ranges::transform(type, type.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  if (tokens.access.text().empty())
    return fail(Errc::io, client.token_url, "answers no access token", "check token_url");
  if (!type.empty() && type != "bearer")
    return fail(Errc::unsupported, client.token_url, "gives tokens that are not bearer tokens");
  // It becomes part of a command.
  if (std::ranges::any_of(tokens.access.text(), [](char c) { return c <= ' ' || c == 0x7f; }))
    return fail(Errc::io, client.token_url, "answers what is no access token", "check token_url");
  return tokens;
}

}  // namespace

std::string_view token_url_of(std::string_view provider) noexcept {
  const auto found = std::ranges::find(providers, provider, &std::pair<std::string_view, std::string_view>::first);
  return found != providers.end() ? found->second : std::string_view{};
}

Result<OAuth2Tokens> refresh_tokens(const OAuth2Client& client, const std::string& refresh_token,
                                    std::chrono::milliseconds limit) {
  log::redact(refresh_token);
  log::redact(client.client_secret);
  FormFields fields{{"grant_type", "refresh_token"}, {"refresh_token", refresh_token}, {"client_id", client.client_id}};
  if (!client.client_secret.empty()) fields.emplace_back("client_secret", client.client_secret);
  if (!client.scope.empty()) fields.emplace_back("scope", client.scope);
  HttpAnswer answer = MAPISTORE_TRY(post_form(client.token_url, fields, client.authorities, limit));
  Json json = Json::parse(answer.body, nullptr, false);
  SecretText::wipe(answer.body);
  if (!json.is_object()) json = Json::object();
  constexpr long ok = 200;
  Result<OAuth2Tokens> tokens =
      answer.status == ok && !json.contains("error") ? tokens_of(client, json) : refused(client, answer.status, json);
  wipe(json);
  return tokens;
}

}  // namespace mapistore
