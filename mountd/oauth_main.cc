// mapistorefs-oauth: signs in to a provider once, and stores the refresh token that mounts use from then on.
#include <algorithm>
#include <cstdio>
#include <thread>

#include "core/arguments.h"
#include "core/exit_code.h"
#include "core/http_form.h"
#include "core/log.h"
#include "core/oauth2_redirect.h"
#include "core/oauth2_sign_in.h"
#include "core/profile.h"
#include "core/secret_file.h"

using namespace mapistore;

namespace {

constexpr std::chrono::seconds longest_request{30};

/// What the command line says.
struct Settings {
  std::string profile, folder;
  std::string provider, client_id, client_secret_file, scope, tls_ca, file;
  std::string token_url, authorization_url, device_url;
  bool device = false, version = false;
  int port = 0, wait_seconds = 300;

  void describe(Arguments& arguments) {
    arguments.optional_argument("folder", folder,
                                "take the client and the file from oauth2 of this folder of the profile");
    arguments.option("-p,--profile", profile, "the profile of FOLDER, by name or path");
    arguments.option("--file", file, "where the refresh token is stored");
    arguments.option("--provider", provider, "google, microsoft, yahoo or yandex");
    arguments.option("--client-id", client_id, "of the application that the provider knows");
    arguments.option("--client-secret-file", client_secret_file, "a file of mode 0600 with the application's secret");
    arguments.option("--scope", scope, "what to ask for; by default what a store needs");
    arguments.option("--token-url", token_url, "of a provider that is not known");
    arguments.option("--authorization-url", authorization_url, "the same, for a browser");
    arguments.option("--device-url", device_url, "the same, for codes of devices");
    arguments.option("--tls-ca", tls_ca, "certificates to trust instead of the system's");
    arguments.flag("--device", device, "confirm a code on any device, instead of a browser on this machine");
    arguments.number("--port", port, 0, 65'535, "where the browser comes back to; any by default");
    arguments.number("--wait", wait_seconds, 1, 86'400, "seconds for the browser to come back");
    arguments.flag("--version", version, "print the version");
  }
};

/// Who signs in, how, and where what comes of it is kept.
struct SignIn {
  OAuth2Client client;
  std::string authorization_url, device_url;
  std::string redirect_host = "127.0.0.1";
  std::filesystem::path file;
};

Error usage(std::string_view what) {
  return {Errc::invalid_argument, "arguments", std::string(what), "see mapistorefs-oauth --help"};
}

int tell(const Error& error) {
  std::fprintf(stderr, "mapistorefs-oauth: %s\n", log::harmless(error.to_string()).c_str());
  return exit_code(error.code);
}

Result<SignIn> from_profile(const Settings& settings) {

  const StoreProfile profile = MAPISTORE_TRY(load_profile(settings.profile));
  const auto folder = std::ranges::find(profile.folders, settings.folder, &TopFolder::name);
  if (folder == profile.folders.end())
    return fail(Errc::not_found, profile.file.string(), "has no folder '" + settings.folder + "'");
  const auto* secret = folder->secret ? std::get_if<OAuth2Secret>(&*folder->secret) : nullptr;
  if (secret == nullptr)
    return fail(Errc::invalid_configuration, profile.file.string(), "folder '" + settings.folder + "' has no oauth2",
                "write oauth2 = { provider = \"...\", client_id = \"...\", refresh_token_file = \"...\" }");
  const auto* file = std::get_if<FileSecret>(&secret->refresh_token);
  if (file == nullptr && settings.file.empty())
    return fail(Errc::invalid_configuration, profile.file.string(),
                "oauth2 of folder '" + settings.folder + "' has its refresh token from elsewhere than a file",
                "write refresh_token_file, or say --file");
  SignIn found;
  found.client = secret->client;
  if (file != nullptr) found.file = file->path;
  return found;
}

/// The profile's, and what the command line says instead.
Result<SignIn> sign_in_of(const Settings& settings) {
  SignIn wanted;
  if (settings.folder.empty() != settings.profile.empty())
    return std::unexpected(usage("name a profile and one of its folders, or neither"));
  if (!settings.folder.empty()) wanted = MAPISTORE_TRY(from_profile(settings));
  const auto set = [](auto& value, const std::string& given) {
    if (!given.empty()) value = given;
  };
  if (!settings.provider.empty()) {
    const OAuth2Provider* const named = oauth2_provider(settings.provider);
    if (named == nullptr)
      return std::unexpected(usage("provider '" + settings.provider + "' is not known: say --token-url"));
    wanted.client.token_url = named->token_url;
  }
  set(wanted.client.token_url, settings.token_url);
  if (const OAuth2Provider* const known = oauth2_provider_at(wanted.client.token_url)) {
    wanted.authorization_url = known->authorization_url;
    wanted.device_url = known->device_url;
    wanted.redirect_host = known->redirect_host;
    if (wanted.client.scope.empty()) wanted.client.scope = known->scope;
  }
  set(wanted.authorization_url, settings.authorization_url);
  set(wanted.device_url, settings.device_url);
  set(wanted.client.client_id, settings.client_id);
  set(wanted.client.scope, settings.scope);
  set(wanted.client.authorities, settings.tls_ca);
  set(wanted.file, settings.file);
  if (!settings.client_secret_file.empty())
    wanted.client.client_secret = MAPISTORE_TRY(read_secret_file(settings.client_secret_file));
  if (wanted.file.empty()) return std::unexpected(usage("name no --file"));
  if (wanted.client.client_id.empty()) return std::unexpected(usage("name no --client-id"));
  if (wanted.client.token_url.empty()) return std::unexpected(usage("name no --provider and no --token-url"));
  const std::string& way = settings.device ? wanted.device_url : wanted.authorization_url;
  if (way.empty())
    return std::unexpected(usage(settings.device ? "the provider has no known --device-url"
                                                 : "the provider has no known --authorization-url"));
  return wanted;
}

/// Where a user is sent must be encrypted as well.
Result<> check_urls(const SignIn& wanted) {
  for (const std::string* url : {&wanted.client.token_url, &wanted.authorization_url, &wanted.device_url}) {
    if (url->empty()) continue;
    if (auto checked = check_form_url(*url); !checked) {
      checked.error().object = *url;
      return checked;
    }
  }
  return {};
}

Result<OAuth2Tokens> by_device(const SignIn& wanted) {
  const auto code = MAPISTORE_TRY(oauth2::ask_device_code(wanted.client, wanted.device_url, longest_request));
  std::printf("Open on any device:  %s\nand type the code:   %s\n", log::harmless(code.address).c_str(),
              log::harmless(code.user_code).c_str());
  if (!code.complete_address.empty())
    std::printf("or open:             %s\n", log::harmless(code.complete_address).c_str());
  std::fflush(stdout);
  return oauth2::await_device(wanted.client, code, longest_request,
                              [](std::chrono::seconds pause) { std::this_thread::sleep_for(pause); });
}

Result<OAuth2Tokens> by_browser(const SignIn& wanted, const Settings& settings) {
  const auto redirect = MAPISTORE_TRY(oauth2::Redirect::listen(static_cast<std::uint16_t>(settings.port)));
  const auto attempt = MAPISTORE_TRY(
      oauth2::BrowserAttempt::begin("http://" + wanted.redirect_host + ':' + std::to_string(redirect.port()) + '/'));
  std::printf("Open in a browser on this machine:\n%s\n",
              oauth2::browser_address(wanted.client, wanted.authorization_url, attempt).c_str());
  std::fflush(stdout);
  const SecretText code =
      MAPISTORE_TRY(redirect.await_code(attempt.state, std::chrono::seconds{settings.wait_seconds}));
  return oauth2::redeem(wanted.client, attempt, code, longest_request);
}

Result<> run(const Settings& settings) {
  const SignIn wanted = MAPISTORE_TRY(sign_in_of(settings));
  MAPISTORE_CHECK(check_urls(wanted));
  MAPISTORE_CHECK(check_secret_file(wanted.file));
  const OAuth2Tokens tokens = MAPISTORE_TRY(settings.device ? by_device(wanted) : by_browser(wanted, settings));
  if (tokens.refresh.text().empty())
    return fail(Errc::no_data, wanted.client.token_url, "answers an access token and no refresh token",
                "ask for access that lasts: another --scope, such as one with offline_access");
  MAPISTORE_CHECK(store_secret_file(wanted.file, tokens.refresh.text()));
  std::printf("Signed in. The refresh token is in %s\n", wanted.file.c_str());
  return {};
}

}  // namespace

int main(int count, char** arguments) {
  ArgumentParser parser{
      "mapistorefs-oauth",
      "Signs in to a provider of mail, calendars and contacts, and stores the refresh token for mounts."};
  Settings settings;
  settings.describe(parser);
  const auto parsed = parser.parse({arguments, static_cast<std::size_t>(count)});
  if (!parsed) return tell(parsed.error());
  if (*parsed) return **parsed;
  if (settings.version) return std::puts("mapistorefs-oauth " MAPISTOREFS_VERSION), 0;
  log::start(LogLevel::warning, log::Target::standard_error);
  const Result<> ended = run(settings);
  return ended ? 0 : tell(ended.error());
}
