// What people see of a collection beside its name: colour and description; and what it takes.

#include <algorithm>
#include <array>
#include <cctype>

#include "backends/dav/context.h"
#include "backends/dav/failure.h"
#include "backends/dav/requests.h"
#include "backends/dav/text.h"

namespace mapistore::dav {
namespace {

/// #rrggbb, and with how much of it is to be seen.
constexpr std::size_t without_alpha = 7, with_alpha = 9;

/// A detail that a server may let be changed.
struct Changeable {
  std::string_view name;
  std::string Resource::* value;
  std::string (*request)(bool of_cards, std::optional<std::string_view> value);
};
constexpr std::array changeable{Changeable{"color", &Resource::color, requests::set_color},
                                Changeable{"comment", &Resource::comment, requests::set_comment}};

std::string names_of(unsigned components) {
  std::string names;
  for (const auto& [bit, name] : {std::pair{component::event, "VEVENT"}, std::pair{component::task, "VTODO"},
                                  std::pair{component::journal, "VJOURNAL"}, std::pair{component::card, "VCARD"}})
    if ((components & bit) != 0) names += (names.empty() ? "" : " ") + std::string(name);
  return names;
}

Result<> check_value(std::string_view name, std::string_view value) {
  constexpr std::size_t longest = 4096;
  const auto is_digit = [](unsigned char c) { return std::isxdigit(c) != 0; };
  if (name == "color" && !((value.size() == without_alpha || value.size() == with_alpha) && value.starts_with('#') &&
                           std::ranges::all_of(value.substr(1), is_digit)))
    return fail(Errc::invalid_argument, value.substr(0, 80), "is no colour", "write e.g. #ff8800");
  const auto is_control = [](unsigned char c) { return c < 0x20 && c != '\n' && c != '\t'; };
  if (value.size() > longest || std::ranges::any_of(value, is_control))
    return fail(Errc::invalid_argument, name, "cannot have this value");
  return {};
}

bool is_refusal(Errc code) {
  return code == Errc::access_denied || code == Errc::invalid_content || code == Errc::exists || code == Errc::io;
}

/// As whoever sets it writes it.
std::string spelled(std::string_view name, const std::string& value) {
  if (name != "color") return value;
  std::string color = lower_case(value);
  if (color.size() == with_alpha && color.ends_with("ff")) color.resize(without_alpha);
  return color;
}

/// Whether `there` is how a server spells `wanted`: some say of each colour how much of it is to be seen, some trim.
bool is_same(std::string_view name, const std::string& there, const std::string& wanted) {
  return trimmed(spelled(name, there)) == trimmed(spelled(name, wanted));
}

Result<Resource> ask_details(const Call& call, Server& server, const Collection& collection) {
  auto answer = MAPISTORE_TRY(server.ask(call, "PROPFIND", collection.url, "0", requests::describe_details()));
  if (answer.resources.empty() || answer.resources.front().status >= 400)
    return fail(Errc::not_found, collection.display_name, "the server says nothing of it");
  return std::move(answer.resources.front());
}

}  // namespace

Result<Describing::Details> DavContext::details(const Call& call, const FolderPath& folder) {
  MAPISTORE_CHECK(call.check());
  if (is_root_of_homes(folder)) return Details{};
  const Collection collection = MAPISTORE_TRY(resolve(call, folder));
  const Resource resource = MAPISTORE_TRY(ask_details(call, *server_, collection));
  Details details{{"components", names_of(collection.components)},
                  {"read-only", resource.may_write.value_or(true) ? "0" : "1"}};
  for (const Changeable& one : changeable)
    if (const std::string& value = resource.*one.value; !value.empty())
      details.emplace(one.name, spelled(one.name, value));
  return details;
}

Result<> DavContext::set_detail(const Call& call, const FolderPath& folder, std::string_view name,
                                std::optional<std::string_view> value) {
  MAPISTORE_CHECK(call.check());
  if (name == "components" || name == "read-only")
    return fail(Errc::not_permitted, name, "follows from what the server says");
  const auto* const wanted = std::ranges::find(changeable, name, &Changeable::name);
  if (wanted == changeable.end() || is_root_of_homes(folder))
    return fail(Errc::unsupported, name, "a calendar server keeps no such thing here");
  if (value) MAPISTORE_CHECK(check_value(name, *value));
  const Collection collection = MAPISTORE_TRY(resolve(call, folder));
  const auto may_not_write = [&] {
    return fail(Errc::access_denied, collection.display_name, "you may not write here",
                "ask its owner for the right to");
  };
  if (collection.read_only) return may_not_write();
  // With how much of it is to be seen, without which SOGo takes none.
  const bool is_short = value && name == "color" && value->size() == without_alpha;
  const std::string sent = std::string(value.value_or("")) + (is_short ? "FF" : "");
  const auto set = [&](std::optional<std::string_view> what) -> Result<> {
    Request request{.method = "PROPPATCH", .url = collection.url};
    request.headers = {"Content-Type: application/xml; charset=utf-8"};
    request.body = wanted->request(collection.of_cards(), what);
    const Response response = MAPISTORE_TRY(server_->send(call, std::move(request)));
    return check_done(response, response.url, name);
  };
  auto done = set(value ? std::optional<std::string_view>{sent} : std::nullopt);
  // Xandikos 0.2.8 fails to remove one, and takes an empty one.
  if (!value && !done && is_refusal(done.error().code)) done = set("");
  // What a server does not know it may refuse, or say that it took it.
  const auto not_kept = [&] { return fail(Errc::unsupported, name, "this server does not keep it of a collection"); };
  if (!done && is_refusal(done.error().code)) {
    // Or it was still allowed when the collections were listed.
    const auto now = ask_details(call, *server_, collection);
    return now && !now->may_write.value_or(true) ? may_not_write() : not_kept();
  }
  MAPISTORE_CHECK(done);
  const Resource now = MAPISTORE_TRY(ask_details(call, *server_, collection));
  const std::string& there = now.*wanted->value;
  return is_same(name, there, sent) ? Result<>{} : not_kept();
}

}  // namespace mapistore::dav
