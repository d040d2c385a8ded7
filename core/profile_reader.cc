#include "core/profile_reader.h"

#include <algorithm>
#include <array>

#include <toml++/toml.h>

#include "core/account.h"
#include "core/directories.h"
#include "core/http_form.h"
#include "core/profile_values.h"

namespace mapistore {
namespace {

constexpr std::array<std::string_view, 3> store_keys{"accounts", "cache_size", "folders"};
constexpr std::array<std::string_view, 10> oauth2_keys{"provider",
                                                       "token_url",
                                                       "tls_ca",
                                                       "client_id",
                                                       "client_secret",
                                                       "scope",
                                                       "refresh_token_command",
                                                       "refresh_token_file",
                                                       "refresh_token_env",
                                                       "refresh_token_secret"};

/// Reads the tables of one file. Every error says where.
class Reader {
 public:
  explicit Reader(std::filesystem::path file) : file_(std::move(file)) {}

  Result<StoreProfile> store(const toml::table& table) const;

 private:
  std::string place(const toml::source_region& source) const {
    return file_.string() + ':' + std::to_string(source.begin.line) + ':' + std::to_string(source.begin.column);
  }
  std::unexpected<Error> refuse(const toml::source_region& source, std::string_view what,
                                std::string_view hint = {}) const {
    return fail(Errc::invalid_configuration, place(source), what, hint);
  }
  template <class Value>
  Result<Value> value(std::string_view key, const toml::node& node, std::string_view type) const {
    if (const auto found = node.value_exact<Value>()) return *found;
    return refuse(node.source(), "'" + std::string(key) + "' must be " + std::string(type));
  }
  Result<std::string> text(std::string_view key, const toml::node& node) const {
    return value<std::string>(key, node, "a text in quotes");
  }

  Result<> read_accounts(const toml::node& accounts, StoreProfile& profile) const;
  Result<> check_name(const toml::key& key) const;
  Result<> check_archiving(const TopFolder& folder, const StoreProfile& all) const;
  Result<> check_pair(const TopFolder& folder, const StoreProfile& others, const toml::key& key) const;
  Result<TopFolder> folder(const toml::key& key, const toml::table& table) const;
  Result<> read_uri(TopFolder& folder, const toml::table& table, const toml::key& key) const;
  Result<> read_secret(TopFolder& folder, std::string_view key, const toml::node& node) const;
  Result<> read_oauth2(TopFolder& folder, const toml::node& node) const;
  Result<> check_only_secret(const TopFolder& folder, const toml::node& node) const;
  Result<StoredSecret> stored_secret(std::string_view key, const toml::node& node) const;
  Result<std::filesystem::path> file_path(std::string_view key, const std::string& source,
                                          const toml::node& node) const;
  Result<> read_option(TopFolder& folder, const std::string& key, const toml::node& node) const;
  Result<> read_key(TopFolder& folder, std::string_view key, const toml::node& node) const;

  const std::filesystem::path file_;
};

bool is_secret_key(std::string_view key) { return key.starts_with("password") || key == "secret"; }

/// The entries of a table in the order of the file.
auto in_order(const toml::table& table) {
  std::vector<std::pair<const toml::key*, const toml::node*>> entries;
  for (const auto& [key, node] : table) entries.emplace_back(&key, &node);
  std::ranges::sort(entries, [](const auto& a, const auto& b) {
    const auto& x = a.first->source().begin;
    const auto& y = b.first->source().begin;
    return std::pair(x.line, x.column) < std::pair(y.line, y.column);
  });
  return entries;
}

Result<StoreProfile> Reader::store(const toml::table& table) const {
  StoreProfile profile{file_.stem().string(), file_};
  for (const auto& [key, node] : in_order(table)) {
    if (key->str() == "cache_size") {
      const auto size = node->is_integer() ? profile_values::size(std::to_string(node->as_integer()->get()))
                                           : profile_values::size(MAPISTORE_TRY(text("cache_size", *node)));
      if (!size) return refuse(node->source(), "'cache_size' is not a size", "write e.g. \"2 GiB\" or \"500 MB\"");
      profile.cache_size = *size;
    } else if (key->str() != "folders" && key->str() != "accounts") {
      return refuse(key->source(), "unknown key '" + std::string(key->str()) + "'",
                    profile_values::suggestion(key->str(), store_keys));
    }
  }
  const toml::node *folders = table.get("folders"), *accounts = table.get("accounts");
  if (folders != nullptr || accounts == nullptr) {
    if (!folders || !folders->is_table() || folders->as_table()->empty())
      return refuse(folders ? folders->source() : table.source(), "no top folder",
                    "write [folders.NAME] and below it uri = \"...\"");
    for (const auto& [key, node] : in_order(*folders->as_table())) {
      if (!node->is_table()) return refuse(node->source(), "a top folder must be a table", "write [folders.NAME]");
      TopFolder read = MAPISTORE_TRY(folder(*key, *node->as_table()));
      MAPISTORE_CHECK(check_pair(read, profile, *key));
      profile.folders.push_back(std::move(read));
    }
  }
  if (accounts != nullptr) MAPISTORE_CHECK(read_accounts(*accounts, profile));
  for (const TopFolder& each : profile.folders) MAPISTORE_CHECK(check_archiving(each, profile));
  return profile;
}

Result<> Reader::read_accounts(const toml::node& accounts, StoreProfile& profile) const {
  if (!accounts.is_table()) return refuse(accounts.source(), "'accounts' must be a table", "write [accounts.NAME]");
  const std::vector<TopFolder> written = profile.folders;
  for (const auto& [key, node] : in_order(*accounts.as_table())) {
    if (!node->is_table()) return refuse(node->source(), "an account must be a table", "write [accounts.NAME]");
    for (TopFolder& part : MAPISTORE_TRY(top_folders_of(MAPISTORE_TRY(folder(*key, *node->as_table()))))) {
      // What is written out takes the place of what an account would be there.
      if (std::ranges::find(written, part.name, &TopFolder::name) != written.end()) continue;
      if (std::ranges::find(profile.folders, part.name, &TopFolder::name) != profile.folders.end())
        return refuse(key->source(), "'" + part.name + "' is a top folder of another account",
                      "write prefix = \"...\" in one of them");
      MAPISTORE_CHECK(check_pair(part, profile, *key));
      profile.folders.push_back(std::move(part));
    }
  }
  return {};
}

Result<> Reader::check_archiving(const TopFolder& folder, const StoreProfile& all) const {
  const auto to = folder.options.find("archive_to"), after = folder.options.find("archive_after");
  if (to == folder.options.end() && after == folder.options.end()) return {};
  const auto refuse_key = [&](std::string_view key, const std::string& what, std::string_view hint) {
    return fail(Errc::invalid_configuration, folder.places.at(std::string(key)), what, hint);
  };
  if (after == folder.options.end())
    return refuse_key("archive_to", "'archive_to' needs an 'archive_after'", "write e.g. archive_after = 365");
  if (to == folder.options.end())
    return refuse_key("archive_after", "'archive_after' needs an 'archive_to'", "name another top folder");
  const auto target = std::ranges::find(all.folders, to->second, &TopFolder::name);
  if (target == all.folders.end() || target->name == folder.name)
    return refuse_key("archive_to", "'" + to->second + "' is no other top folder", "name one of this profile");
  if (target->read_only)
    return refuse_key("archive_to", "'" + to->second + "' is read-only", "name another top folder");
  if (target->options.contains("archive_to"))
    return refuse_key("archive_to",
                      "'" + to->second + "' does not keep what it is given: it has an 'archive_to' itself",
                      "name where that leads");
  return {};
}

Result<> Reader::check_name(const toml::key& key) const {
  const std::string_view name = key.str();
  const auto refuse_name = [&](std::string_view what) {
    return refuse(key.source(), "top folder '" + std::string(name.substr(0, 80)) + "': " + std::string(what),
                  "choose another name");
  };
  if (name.empty()) return refuse_name("a name must not be empty");
  if (name.starts_with('.')) return refuse_name("a name must not begin with '.'");
  if (name.size() > 255) return refuse_name("a name must not be longer than 255 bytes");
  const auto is_illegal = [](char c) { return c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(name, is_illegal)) return refuse_name("a name must not hold '/' or control characters");
  return {};
}

Result<> Reader::check_pair(const TopFolder& folder, const StoreProfile& others, const toml::key& key) const {
  for (const TopFolder& other : others.folders) {
    if (other.uri == folder.uri)
      return refuse(key.source(), "'" + folder.name + "' has the same URI as '" + other.name + "'", "remove one");
    if (folder.role == Role::fallback && other.role == Role::fallback)
      return refuse(key.source(), "'" + folder.name + "' and '" + other.name + "' both have the role fallback",
                    "only one may");
  }
  return {};
}

Result<TopFolder> Reader::folder(const toml::key& key, const toml::table& table) const {
  MAPISTORE_CHECK(check_name(key));
  const toml::node* uri = table.get("uri");
  if (!uri)
    return refuse(key.source(), "top folder '" + std::string(key.str()) + "' has no uri", "write uri = \"...\"");
  auto parsed = ContextUri::parse(MAPISTORE_TRY(text("uri", *uri)));
  if (!parsed) return refuse(uri->source(), parsed.error().to_string());

  TopFolder folder{std::string(key.str()), std::move(parsed->uri)};
  folder.url_password = std::move(parsed->password);
  for (const auto& [name, node] : in_order(table)) MAPISTORE_CHECK(read_key(folder, name->str(), *node));
  for (const auto& [name, node] : table) folder.places.try_emplace(std::string(name.str()), place(name.source()));
  return folder;
}

Result<> Reader::read_key(TopFolder& folder, std::string_view key, const toml::node& node) const {
  if (key == "uri") return {};
  if (is_secret_key(key)) return read_secret(folder, key, node);
  if (key == "oauth2") return read_oauth2(folder, node);
  if (key == "read_only") {
    folder.read_only = MAPISTORE_TRY(value<bool>(key, node, "true or false"));
    return {};
  }
  if (key == "role") {
    const std::string name = MAPISTORE_TRY(text(key, node));
    const auto role = profile_values::role(name);
    if (!role)
      return refuse(node.source(), "unknown role '" + name + "'",
                    profile_values::suggestion(name, profile_values::role_names()));
    folder.role = *role;
    return {};
  }
  return read_option(folder, std::string(key), node);
}

Result<> Reader::check_only_secret(const TopFolder& folder, const toml::node& node) const {
  if (!folder.secret && !folder.url_password) return {};
  return refuse(node.source(), "'" + folder.name + "' has two sources for its password", "remove one");
}

Result<> Reader::read_secret(TopFolder& folder, std::string_view key, const toml::node& node) const {
  MAPISTORE_CHECK(text(key, node));
  MAPISTORE_CHECK(check_only_secret(folder, node));
  if (key != "password_command" && key != "password_env" && key != "password_file" && key != "secret")
    return refuse(node.source(), "unknown key '" + std::string(key) + "'",
                  profile_values::suggestion(key, folder_keys()));
  folder.secret =
      std::visit([](auto source) { return SecretSource{std::move(source)}; }, MAPISTORE_TRY(stored_secret(key, node)));
  return {};
}

Result<std::filesystem::path> Reader::file_path(std::string_view key, const std::string& source,
                                                const toml::node& node) const {
  std::filesystem::path path = source;
  if (source.starts_with("~/")) path = MAPISTORE_TRY(directories::home()) / source.substr(2);
  if (path.is_absolute()) return path;
  return refuse(node.source(), "'" + std::string(key) + "' must be an absolute path, or begin with ~/");
}

Result<StoredSecret> Reader::stored_secret(std::string_view key, const toml::node& node) const {
  std::string source = MAPISTORE_TRY(text(key, node));
  if (source.empty()) return refuse(node.source(), "'" + std::string(key) + "' is empty");
  if (key.ends_with("_command")) return CommandSecret{std::move(source)};
  if (key.ends_with("_env")) return EnvironmentSecret{std::move(source)};
  if (key.ends_with("_file")) return FileSecret{MAPISTORE_TRY(file_path(key, source, node))};
  const std::size_t colon = source.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == source.size())
    return refuse(node.source(), "'" + std::string(key) + "' must be \"service:label\"");
  return DesktopSecret{source.substr(0, colon), source.substr(colon + 1)};
}

Result<> Reader::read_oauth2(TopFolder& folder, const toml::node& node) const {
  const toml::table* table = node.as_table();
  if (table == nullptr) return refuse(node.source(), "'oauth2' must be a table", "write oauth2 = { ... }");
  MAPISTORE_CHECK(check_only_secret(folder, node));
  OAuth2Client client;
  std::optional<StoredSecret> refresh_token;
  for (const auto& [name, inner] : in_order(*table)) {
    const std::string_view key = name->str();
    const std::string value = MAPISTORE_TRY(text(key, *inner));
    if (std::ranges::find(oauth2_keys, key) == oauth2_keys.end())
      return refuse(name->source(), "unknown key '" + std::string(key) + "' in 'oauth2'",
                    profile_values::suggestion(key, oauth2_keys));
    if (key.starts_with("refresh_token_")) {
      if (refresh_token) return refuse(inner->source(), "'oauth2' has two sources for its refresh token", "remove one");
      refresh_token = MAPISTORE_TRY(stored_secret(key, *inner));
    } else if (key == "provider") {
      const OAuth2Provider* const provider = oauth2_provider(value);
      if (provider == nullptr)
        return refuse(inner->source(), "unknown provider '" + value + "'", "write token_url = \"https://...\"");
      if (client.token_url.empty()) client.token_url = provider->token_url;
    } else if (key == "token_url") {
      if (auto checked = check_form_url(value); !checked)
        return refuse(inner->source(), "'token_url' " + checked.error().what, checked.error().hint);
      client.token_url = value;
    } else if (key == "tls_ca") {
      client.authorities = MAPISTORE_TRY(file_path(key, value, *inner));
    } else {
      (key == "client_id" ? client.client_id : key == "client_secret" ? client.client_secret : client.scope) = value;
    }
  }
  if (client.token_url.empty())
    return refuse(node.source(), "'oauth2' has no token_url", "write provider or token_url = \"https://...\"");
  if (client.client_id.empty()) return refuse(node.source(), "'oauth2' has no client_id");
  if (!refresh_token)
    return refuse(node.source(), "'oauth2' has no source of a refresh token", "write refresh_token_file = \"PATH\"");
  folder.secret = OAuth2Secret{std::move(client), std::move(*refresh_token)};
  folder.options["oauth2"] = "true";
  return {};
}

Result<> Reader::read_option(TopFolder& folder, const std::string& key, const toml::node& node) const {
  std::string& option = folder.options[key];
  if (key == "refresh" || key == "deadline") {
    const auto period = node.is_integer() ? profile_values::period(std::to_string(node.as_integer()->get()))
                                          : profile_values::period(MAPISTORE_TRY(text(key, node)));
    if (!period) return refuse(node.source(), "'" + key + "' is not a period", "write e.g. \"30 s\" or \"5 min\"");
    option = std::to_string(period->count());
  } else if (key == "delete") {
    option = MAPISTORE_TRY(text(key, node));
    if (option != "trash" && option != "purge")
      return refuse(node.source(), "'delete' must be \"trash\" or \"purge\"");
  } else if (key == "trash_keep" || key == "archive_after") {
    constexpr std::int64_t most_days = 36'500;
    const auto* days = node.as_integer();
    if (days == nullptr || days->get() < 1 || days->get() > most_days)
      return refuse(node.source(), "'" + key + "' is not a number of days", "write e.g. " + key + " = 30");
    option = std::to_string(days->get());
  } else if (key == "insecure") {
    option = MAPISTORE_TRY(value<bool>(key, node, "true or false")) ? "true" : "false";
  } else if (const toml::table* table = node.as_table()) {
    folder.options.erase(key);
    for (const auto& [name, inner] : *table) {
      if (inner.is_table()) return refuse(inner.source(), "'" + key + "' must not hold tables");
      MAPISTORE_CHECK(read_option(folder, key + '.' + std::string(name.str()), inner));
    }
  } else if (node.is_boolean()) {
    option = node.as_boolean()->get() ? "true" : "false";
  } else if (node.is_integer() && key != "tls_ca") {
    option = std::to_string(node.as_integer()->get());
  } else {
    option = MAPISTORE_TRY(text(key, node));
  }
  return {};
}

}  // namespace

std::span<const std::string_view> folder_keys() noexcept {
  static constexpr std::array<std::string_view, 16> keys{
      "uri",        "role",   "read_only",  "password_command", "password_file", "password_env",
      "secret",     "oauth2", "insecure",   "refresh",          "deadline",      "delete",
      "trash_keep", "tls_ca", "archive_to", "archive_after"};
  return keys;
}

Result<StoreProfile> read_profile(std::string_view text, const std::filesystem::path& file) {
  try {
    return Reader(file).store(toml::parse(text, file.string()));
  } catch (const toml::parse_error& error) {
    const auto& begin = error.source().begin;
    return fail(Errc::invalid_configuration,
                file.string() + ':' + std::to_string(begin.line) + ':' + std::to_string(begin.column),
                error.description());
  }
}

}  // namespace mapistore
