#include "backends/imap/provider.h"

#include <algorithm>
#include <array>

namespace mapistore::imap {
namespace {

constexpr std::array<Provider, 8> providers = {{
    {.name = "Dovecot", .exact_sizes = true, .raw_headers = true, .content_id = "X-GUID", .folder_id = "X-GUID"},
    {.name = "Cyrus", .exact_sizes = true},
    {.name = "Gmail", .exact_sizes = true, .content_id = "X-GM-MSGID", .labels = true},
    {.name = "Exchange"},
    {.name = "iCloud"},
    {.name = "Yahoo"},
    {.name = "Yandex"},
    {.name = "other"},
}};

bool contains_nocase(std::string_view text, std::string_view part) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return !std::ranges::search(text, part, {}, lower, lower).empty();
}

const Provider& named(std::string_view name) { return *std::ranges::find(providers, name, &Provider::name); }

}  // namespace

const Provider& provider_of(std::string_view host, std::string_view server, const Capabilities& capabilities) {
  if (capabilities.has("X-GM-EXT-1")) return named("Gmail");
  for (const std::string_view name : {"Dovecot", "Cyrus", "Exchange"})
    if (contains_nocase(server, name)) return named(name);
  if (host.ends_with("mail.me.com") || host.ends_with("icloud.com")) return named("iCloud");
  if (host.ends_with("yahoo.com")) return named("Yahoo");
  if (host.ends_with("yandex.com") || host.ends_with("yandex.ru")) return named("Yandex");
  return named("other");
}

}  // namespace mapistore::imap
