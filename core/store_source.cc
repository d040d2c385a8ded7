#include "core/store_source.h"

#include <cstdlib>

#include "core/account.h"
#include "core/directories.h"
#include "core/profile_reader.h"

namespace mapistore {

namespace {

using Defaults = StoreSource::Defaults;

/// A store of one URI is named by it, so that the same URI finds its index again.
std::string store_name_of(const ContextUri& uri) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  const std::string text = uri.to_string();
  std::string name = "uri-";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    if (plain)
      name += c;
    else
      name.append({hex[byte >> 4u], hex[byte & 15u]});
  }
  // A directory's name has an end.
  if (name.size() > 200) name = name.substr(0, 180) + "-" + directories::name_for(text);
  return name;
}

LiveContext::Settings settings_of(const TopFolder& folder, const Defaults& defaults) {
  const auto text = [&](std::string_view key) {
    const auto found = folder.options.find(key);
    return found == folder.options.end() ? std::string{} : found->second;
  };
  const auto number = [&](std::string_view key) -> std::optional<long long> {
    const std::string value = text(key);
    return value.empty() ? std::nullopt : std::optional{std::strtoll(value.c_str(), nullptr, 10)};
  };
  const auto period = [&](std::string_view key, std::chrono::seconds usual) {
    const auto seconds = number(key);
    return seconds ? std::chrono::seconds{*seconds} : usual;
  };
  const auto days = [&](std::string_view key) {
    const auto count = number(key);
    return count ? std::optional{std::chrono::days{*count}} : std::nullopt;
  };
  return {.name = folder.name,
          .uri = folder.uri,
          .role = folder.role,
          .read_only = folder.read_only,
          .purge = text("delete") == "purge",
          .trash_keep = days("trash_keep") ? days("trash_keep") : defaults.trash_keep,
          .archive_to = text("archive_to"),
          .archive_after = days("archive_after"),
          .options = folder.options,
          .refresh = period("refresh", defaults.refresh),
          .deadline = period("deadline", defaults.deadline)};
}

/// The top folders' passwords go to `secrets`.
void add(StoreSource& source, TopFolder& folder, const Defaults& defaults, Secrets& secrets) {
  if (folder.url_password) secrets.put(folder.uri, *std::move(folder.url_password));
  if (folder.secret) secrets.configure(folder.uri, *folder.secret);
  source.contexts.push_back(settings_of(folder, defaults));
}

Result<StoreSource> source_of_account(ContextUri::Parsed parsed, const Defaults& defaults, Secrets& secrets) {
  StoreSource source{.name = store_name_of(parsed.uri), .shown = parsed.uri.to_string()};
  source.cache_size = StoreProfile{}.cache_size;
  TopFolder account{parsed.uri.to_string(), parsed.uri};
  account.url_password = std::move(parsed.password);
  if (auto password = Secrets::take_from_environment("MAPISTORE_PASSWORD"); password && !account.url_password)
    account.url_password = std::move(password);
  for (TopFolder& folder : MAPISTORE_TRY(top_folders_of(account))) add(source, folder, defaults, secrets);
  return source;
}

Result<StoreSource> source_of_uri(std::string_view text, const Defaults& defaults, Secrets& secrets) {
  ContextUri::Parsed parsed = MAPISTORE_TRY(ContextUri::parse(text));
  if (is_account(parsed.uri)) return source_of_account(std::move(parsed), defaults, secrets);
  if (parsed.password) secrets.put(parsed.uri, *std::move(parsed.password));
  if (auto password = Secrets::take_from_environment("MAPISTORE_PASSWORD")) secrets.offer(*std::move(password));
  LiveContext::Settings settings{.name = "root", .uri = parsed.uri, .options = {}};
  settings.refresh = defaults.refresh;
  settings.trash_keep = defaults.trash_keep;
  settings.deadline = defaults.deadline;
  StoreSource source{.name = store_name_of(parsed.uri), .shown = parsed.uri.to_string(), .single = true};
  source.cache_size = StoreProfile{}.cache_size;
  source.contexts.push_back(std::move(settings));
  return source;
}

Result<StoreSource> source_of_profile(std::string_view name, const Defaults& defaults, Secrets& secrets,
                                      const Registry& registry) {
  StoreProfile profile = MAPISTORE_TRY(load_profile(name));
  StoreSource source{.name = profile.name, .shown = std::string(name), .cache_size = profile.cache_size};
  for (TopFolder& folder : profile.folders) {
    MAPISTORE_CHECK(check_options(folder, *MAPISTORE_TRY(registry.backend_for(folder.uri))));
    add(source, folder, defaults, secrets);
  }
  return source;
}

}  // namespace

Result<LiveContext::Source> StoreSource::read_section(std::string_view section, Secrets& secrets,
                                                      const Registry& registry) {
  StoreProfile profile = MAPISTORE_TRY(read_profile(section, "section"));
  if (profile.folders.size() != 1) return fail(Errc::invalid_argument, "section", "describes not one top folder");
  const TopFolder& folder = profile.folders.front();
  if (folder.url_password)
    return fail(Errc::invalid_argument, folder.uri.to_string(), "has a password in it",
                "name a password_file or password_command instead");
  Backend* backend = MAPISTORE_TRY(registry.backend_for(folder.uri));
  MAPISTORE_CHECK(check_options(folder, *backend));
  if (folder.secret) secrets.configure(folder.uri, *folder.secret);
  return LiveContext::Source{backend, folder.uri, folder.options};
}

Result<StoreSource> StoreSource::read(std::string_view source, const Defaults& defaults, Secrets& secrets,
                                      const Registry& registry) {
  return source.find("://") == source.npos ? source_of_profile(source, defaults, secrets, registry)
                                           : source_of_uri(source, defaults, secrets);
}

}  // namespace mapistore
