#include "core/oauth2_answer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "core/log.h"

namespace mapistore {
namespace {

/// RFC 6749 4.1.2.1 and 5.2, RFC 8628 3.5, and Microsoft's word for a denial.
struct Refusal {
  std::string_view error;
  Errc code;
  std::string_view hint;
};
constexpr std::array<Refusal, 9> refusals = {{
    {"invalid_grant", Errc::authentication_failed, "sign in again, and store the new refresh token"},
    {"invalid_client", Errc::authentication_failed, "check client_id and client_secret"},
    {"unauthorized_client", Errc::authentication_failed, "check client_id, and what the provider lets it do"},
    {"invalid_scope", Errc::invalid_configuration, "check scope"},
    {"unsupported_grant_type", Errc::unsupported, "the provider does not offer this way to sign in to the client"},
    {"temporarily_unavailable", Errc::busy, "try later"},
    {"access_denied", Errc::access_denied, "begin again, and allow what is asked for"},
    {"authorization_declined", Errc::access_denied, "begin again, and allow what is asked for"},
    {"expired_token", Errc::timed_out, "the code has ended: begin again"},
}};

/// What a server says of itself, in one short line without secrets.
std::string shown(std::string text) {
  constexpr std::size_t longest = 200;
  text = log::harmless(text.substr(0, text.find_first_of("\r\n")));
  return text.size() > longest ? text.substr(0, longest) + "..." : text;
}

}  // namespace

Error oauth2_refusal(const std::string& object, const std::string& error, const std::string& description) {
  std::string what = "answers " + shown(error);
  if (!description.empty()) what += ": " + shown(description);
  const auto known = std::ranges::find(refusals, error, &Refusal::error);
  if (known != refusals.end()) return {known->code, object, what, std::string(known->hint)};
  return {Errc::io, object, what, "check the address and the client"};
}

Result<OAuth2Answer> OAuth2Answer::to(const OAuth2Client& client, const std::string& url, FormFields fields,
                                      std::chrono::milliseconds limit) {
  log::redact(client.client_secret);
  fields.emplace_back("client_id", client.client_id);
  if (!client.client_secret.empty()) fields.emplace_back("client_secret", client.client_secret);
  HttpAnswer answer = MAPISTORE_TRY(post_form(url, fields, client.authorities, limit));
  Json json = parse_json(answer.body);
  SecretText::wipe(answer.body);
  if (!json.is_object()) json = Json::object();
  return OAuth2Answer{url, answer.status, std::move(json)};
}

OAuth2Answer::~OAuth2Answer() {
  for (Json& member : json_)
    if (auto* text = member.get_ptr<std::string*>()) SecretText::wipe(*text);
}

bool OAuth2Answer::is_granted() const {
  constexpr long ok = 200;
  return status_ == ok && !json_.contains("error");
}

std::string OAuth2Answer::text(const char* member) const {
  const auto found = json_.find(member);
  return found != json_.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::optional<std::chrono::seconds> OAuth2Answer::seconds(const char* member) const {
  const auto found = json_.find(member);
  if (found == json_.end()) return std::nullopt;
  std::int32_t seconds = 0;
  const std::string text = found->is_string() ? found->get<std::string>() : found->dump();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || seconds < 0) return std::nullopt;
  return std::chrono::seconds{seconds};
}

std::unexpected<Error> OAuth2Answer::refusal() const {
  constexpr long too_many = 429, server_error = 500;
  Error refused = oauth2_refusal(url_, error(), text("error_description"));
  if (error().empty()) refused.what = "answers HTTP status " + std::to_string(status_);
  const bool is_known = refused.code != Errc::io;
  if (!is_known && (status_ == too_many || status_ >= server_error)) {
    refused.code = Errc::busy;
    refused.hint = "try later";
  } else if (!is_known) {
    refused.hint = "check token_url";
  }
  return std::unexpected(std::move(refused));
}

Result<OAuth2Tokens> OAuth2Answer::tokens() const {
  if (!is_granted()) return refusal();
  OAuth2Tokens tokens{SecretText{text("access_token")}, seconds("expires_in"), SecretText{text("refresh_token")}};
  log::redact(tokens.access.text());
  log::redact(tokens.refresh.text());
  std::string type = text("token_type");
  std::ranges::transform(type, type.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  if (tokens.access.text().empty()) return fail(Errc::io, url_, "answers no access token", "check token_url");
  if (!type.empty() && type != "bearer")
    return fail(Errc::unsupported, url_, "gives tokens that are not bearer tokens");
  // It becomes part of a command, and the other one a line of a file.
  const auto is_odd = [](char c) { return c <= ' ' || c == 0x7f; };
  if (std::ranges::any_of(tokens.access.text(), is_odd))
    return fail(Errc::io, url_, "answers what is no access token", "check token_url");
  if (std::ranges::any_of(tokens.refresh.text(), is_odd))
    return fail(Errc::io, url_, "answers what is no refresh token", "check token_url");
  return tokens;
}

}  // namespace mapistore
