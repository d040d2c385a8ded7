#include "core/account.h"

#include <algorithm>
#include <array>

namespace mapistore {
namespace {

/// What stands in the place of a host where one part of an account is named, and its URI is a context's.
constexpr std::array<std::string_view, 9> account_parts{"calendar", "tasks",   "contacts", "mail",  "outbox",
                                                        "notes",    "journal", "fallback", "folder"};
constexpr std::array<std::string_view, 4> own_options{"mail", "notes", "journal", "prefix"};
constexpr std::array<std::string_view, 2> calendar_options{"server", "url"}, mail_options{"compress", "starttls"};

bool contains(const auto& names, std::string_view name) { return std::ranges::find(names, name) != names.end(); }

/// `user@host:port` as the URI has it, in its parts.
struct Authority {
  std::string user, host, host_and_port;
};

Authority authority_of(const ContextUri& uri) {
  const std::string text = uri.data().substr(0, uri.data().find_first_of("/?"));
  const std::size_t at = text.rfind('@');
  Authority authority{text.substr(0, at), {}, text.substr(at + 1)};
  const std::string& host = authority.host_and_port;
  const std::size_t end = host.starts_with('[') ? host.find(']') + 1 : host.find(':');
  authority.host = host.substr(0, end);
  return authority;
}

std::unexpected<Error> wrong(const TopFolder& account, std::string_view key, const std::string& what) {
  const auto place = account.places.find(key);
  return fail(Errc::invalid_configuration, place == account.places.end() ? account.name : place->second, what);
}

std::string own_option(const TopFolder& account, std::string_view key) {
  const auto found = account.options.find(std::string(key));
  return found != account.options.end() ? found->second : account.uri.query(key).value_or("");
}

/// A part of the account called `name`, with the credential and those options that are not only for `others`.
TopFolder part_of(const TopFolder& account, std::string_view name, Role role, ContextUri uri, const auto& others) {
  TopFolder part = account;
  part.name = own_option(account, "prefix") + std::string(name);
  part.uri = std::move(uri);
  part.role = role;
  std::erase_if(part.options, [&](const auto& option) {
    return contains(own_options, option.first) || contains(others, option.first);
  });
  return part;
}

Result<ContextUri> uri_in(const TopFolder& account, std::string_view key, const std::string& text) {
  auto parsed = ContextUri::parse(text);
  if (!parsed) return wrong(account, key, parsed.error().to_string());
  if (parsed->password) return wrong(account, key, "'" + std::string(key) + "' must hold no password");
  return std::move(parsed->uri);
}

Result<ContextUri> mail_uri(const TopFolder& account, const Authority& authority) {
  const std::string given = own_option(account, "mail");
  if (given.empty()) return uri_in(account, "uri", "imaps://" + authority.user + '@' + authority.host + '/');
  ContextUri uri = MAPISTORE_TRY(uri_in(account, "mail", given));
  if (!uri.user().empty()) return uri;
  return uri_in(account, "mail", uri.scheme() + "://" + authority.user + '@' + uri.data());
}

}  // namespace

bool is_account(const ContextUri& uri) {
  return uri.scheme() == "sogo" && !uri.user().empty() && !uri.host().empty() && !contains(account_parts, uri.host()) &&
         uri.path().find_first_not_of('/') == std::string::npos;
}

Result<std::vector<TopFolder>> top_folders_of(const TopFolder& account) {
  if (!is_account(account.uri))
    return wrong(account, "uri", account.uri.to_string() + " is no account: write sogo://user@host/");
  const Authority authority = authority_of(account.uri);
  std::vector<TopFolder> folders{
      part_of(account, "Mail", Role::mail, MAPISTORE_TRY(mail_uri(account, authority)), calendar_options)};
  const std::string sogo = "sogo://" + authority.user + '@' + authority.host_and_port + '/';
  for (const auto& [name, role, path] :
       {std::tuple{"Calendar", Role::calendar, "calendar"}, std::tuple{"Tasks", Role::tasks, "tasks"},
        std::tuple{"Contacts", Role::contacts, "contacts"}})
    folders.push_back(part_of(account, name, role, MAPISTORE_TRY(uri_in(account, "uri", sogo + path)), mail_options));
  for (const auto& [name, role, key] :
       {std::tuple{"Notes", Role::notes, "notes"}, std::tuple{"Journal", Role::journal, "journal"}}) {
    const std::string elsewhere = own_option(account, key);
    if (elsewhere.empty()) continue;
    TopFolder folder{own_option(account, "prefix") + name, MAPISTORE_TRY(uri_in(account, key, elsewhere)), role};
    folder.read_only = account.read_only;
    folder.places = account.places;
    folders.push_back(std::move(folder));
  }
  return folders;
}

}  // namespace mapistore
