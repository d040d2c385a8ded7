#include "core/secrets.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "core/command.h"
#include "core/log.h"
#include "core/secret_file.h"

namespace mapistore {
namespace {

/// Of a request for an access token.
constexpr std::chrono::milliseconds longest_request{30'000};
/// A token is not used for longer than until so much before its end, or a tenth of its life.
constexpr std::chrono::seconds early{60};

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};

Result<std::string> run_command(const std::string& object, const CommandSecret& source,
                                std::chrono::milliseconds limit) {
  auto secret = secret_from_command(object, {"/bin/sh", "-c", source.command}, limit);
  if (!secret && secret.error().hint.empty()) secret.error().hint = "run it in a terminal without input";
  return secret;
}

Result<std::string> ask_desktop(const DesktopSecret& source, std::chrono::milliseconds limit) {
  auto secret = secret_from_command("secret " + source.service + ':' + source.label,
                                    {"secret-tool", "lookup", "service", source.service, "label", source.label}, limit);
  if (secret) return secret;
  Error& error = secret.error();
  if (error.code == Errc::not_found) {
    error.hint = "apt install libsecret-tools";
  } else if (error.code == Errc::no_data) {
    error = {Errc::not_found, error.object, "the desktop keeps no such secret",
             "secret-tool store --label='" + source.label + "' service '" + source.service + "' label '" +
                 source.label + "'"};
  }
  return secret;
}

/// Where the password is to be had, or the refresh token.
StoredSecret stored_secret(const SecretSource& source) {
  return std::visit(Overloaded{[](const OAuth2Secret& oauth2) { return oauth2.refresh_token; },
                               [](const auto& stored) { return StoredSecret{stored}; }},
                    source);
}

}  // namespace

std::shared_ptr<Secrets::Slot> Secrets::slot(const ContextUri& uri) {
  const std::lock_guard lock(mutex_);
  auto& found = slots_[uri.to_string()];
  if (!found) found = std::make_shared<Slot>();
  return found;
}

void Secrets::put(const ContextUri& uri, std::string password) {
  log::redact(password);
  const auto known = slot(uri);
  const std::lock_guard lock(known->mutex);
  known->given = SecretText(std::move(password));
}

void Secrets::offer(std::string password) {
  log::redact(password);
  const std::lock_guard lock(mutex_);
  offered_ = SecretText(std::move(password));
}

void Secrets::configure(const ContextUri& uri, SecretSource source) {
  const StoredSecret stored = stored_secret(source);
  if (const auto* environment = std::get_if<EnvironmentSecret>(&stored)) {
    auto value = take_from_environment(environment->variable.c_str());
    const std::lock_guard lock(mutex_);
    if (value) variables_.insert_or_assign(environment->variable, SecretText(std::move(*value)));
  }
  const auto known = slot(uri);
  const std::lock_guard lock(known->mutex);
  known->source = std::move(source);
  known->fetched.reset();
  known->rotated.reset();
}

Result<std::string> Secrets::get(const ContextUri& uri) {
  const auto known = slot(uri);
  const std::lock_guard lock(known->mutex);
  if (known->given) return known->given->text();
  if (known->fetched && Clock::now() < known->fetched_until) return known->fetched->text();
  if (!known->source) {
    const std::lock_guard offering(mutex_);
    known->given.swap(offered_);
    if (known->given) return known->given->text();
  }
  if (!known->source)
    return fail(Errc::not_found, uri.to_string(), "no password is configured",
                "set password_command, password_file, password_env, secret or oauth2 in its profile, or "
                "MAPISTORE_PASSWORD");
  if (const auto* oauth2 = std::get_if<OAuth2Secret>(&*known->source)) return access_token(uri, *known, *oauth2);
  std::string secret = MAPISTORE_TRY(fetch(uri, stored_secret(*known->source), "password"));
  const bool is_slow =
      std::holds_alternative<CommandSecret>(*known->source) || std::holds_alternative<DesktopSecret>(*known->source);
  if (is_slow) known->fetched = SecretText(std::string(secret));
  return secret;
}

Result<std::string> Secrets::fetch(const ContextUri& uri, const StoredSecret& source, std::string_view what) const {
  const auto held_variable = [&](const EnvironmentSecret& environment) -> Result<std::string> {
    const std::lock_guard lock(mutex_);
    const auto found = variables_.find(environment.variable);
    if (found != variables_.end()) return found->second.text();
    return fail(Errc::not_found, uri.to_string(), "environment variable " + environment.variable + " was not set",
                "set it before the start");
  };
  const std::string command_object = std::string(what) + "_command of " + uri.to_string();
  std::string secret = MAPISTORE_TRY(
      std::visit(Overloaded{held_variable, [](const FileSecret& file) { return read_secret_file(file.path); },
                            [&](const CommandSecret& command) { return run_command(command_object, command, limit_); },
                            [&](const DesktopSecret& desktop) { return ask_desktop(desktop, limit_); }},
                 source));
  log::redact(secret);
  return secret;
}

Result<std::string> Secrets::access_token(const ContextUri& uri, Slot& known, const OAuth2Secret& source) const {
  const auto stored = [&] { return fetch(uri, source.refresh_token, "refresh_token"); };
  const auto ask = [&](const SecretText& token) {
    auto tokens = refresh_tokens(source.client, token.text(), std::min(limit_, longest_request));
    if (!tokens) tokens.error().object += " for " + uri.to_string();
    return tokens;
  };
  SecretText used{known.rotated ? std::string(known.rotated->text()) : MAPISTORE_TRY(stored())};
  auto tokens = ask(used);
  if (!tokens && tokens.error().code == Errc::authentication_failed) {
    // Whoever has signed in again, or another process that was given a new one, has stored it.
    auto another = stored();
    if (another && *another != used.text()) {
      known.rotated.reset();
      used = SecretText{std::move(*another)};
      tokens = ask(used);
    }
  }
  if (!tokens) return std::unexpected(std::move(tokens).error());
  if (!tokens->refresh.text().empty() && tokens->refresh.text() != used.text())
    keep_refresh_token(uri, known, source, std::move(tokens->refresh));
  if (known.fetched) log::no_longer_secret(known.fetched->text());
  known.fetched = std::move(tokens->access);
  known.fetched_until = Clock::time_point::max();
  if (tokens->lifetime)
    known.fetched_until = Clock::now() + *tokens->lifetime - std::min(*tokens->lifetime / 10, early);
  return known.fetched->text();
}

void Secrets::keep_refresh_token(const ContextUri& uri, Slot& known, const OAuth2Secret& source, SecretText token) {
  std::string why = "its source cannot take it back";
  if (const auto* file = std::get_if<FileSecret>(&source.refresh_token)) {
    const auto kept = replace_secret_in_file(file->path, token.text());
    if (kept) return known.rotated.reset();
    why = kept.error().to_string();
  }
  known.rotated = std::move(token);
  if (std::exchange(known.has_warned, true)) return;
  log::line(LogLevel::warning, uri.to_string(),
            "was given a new refresh token, which is known until this process ends only: " + why +
                ": use refresh_token_file with a file of your own");
}

void Secrets::forget(const ContextUri& uri) {
  const auto known = slot(uri);
  const std::lock_guard lock(known->mutex);
  if (known->fetched && known->source && std::holds_alternative<OAuth2Secret>(*known->source))
    log::no_longer_secret(known->fetched->text());
  known->fetched.reset();
}

std::optional<std::string> Secrets::take_from_environment(const char* variable) {
  const std::string prefix = std::string(variable) + '=';
  std::optional<std::string> value;
  for (char** entry = environ; entry && *entry;) {
    char* const text = *entry;
    if (std::strncmp(text, prefix.c_str(), prefix.size()) != 0) {
      ++entry;
      continue;
    }
    if (!value) value = text + prefix.size();
    for (char** rest = entry; *rest; ++rest) rest[0] = rest[1];
    ::explicit_bzero(text, std::strlen(text));
  }
  if (value) log::redact(*value);
  return value;
}

}  // namespace mapistore
