#include "backends/dav/failure.h"

#include <algorithm>
#include <array>
#include <string>

namespace mapistore::dav {
namespace {

struct Meaning {
  std::string_view precondition;
  Errc code;
  std::string_view what;
  std::string_view hint;
};

// RFC 4791 5.3.2.1, RFC 6352 6.3.2.1, RFC 6638 3.2.4.1, RFC 4331 6, RFC 5689, and what servers add.
constexpr auto preconditions = std::to_array<Meaning>({
    {"supported-calendar-data", Errc::invalid_content, "the server takes no data of this form", ""},
    {"valid-calendar-data", Errc::invalid_content, "the server does not take it for a calendar", ""},
    {"valid-calendar-object-resource", Errc::invalid_content,
     "the server does not take it for one object of a calendar",
     "save one event, task or journal entry, without METHOD, in each file"},
    {"supported-calendar-component", Errc::unsupported, "the calendar takes no objects of this kind", ""},
    {"no-uid-conflict", Errc::exists, "the collection has an object of the same UID",
     "edit that one, or change the UID"},
    {"unique-scheduling-object-resource", Errc::exists, "another calendar has the same meeting", "edit that one"},
    {"supported-address-data", Errc::invalid_content, "the server takes no data of this form", ""},
    {"valid-address-data", Errc::invalid_content, "the server does not take it for a card", ""},
    {"max-resource-size", Errc::too_large, "the server takes nothing so large", ""},
    {"min-date-time", Errc::invalid_content, "its dates are too early for the server", ""},
    {"max-date-time", Errc::invalid_content, "its dates are too late for the server", ""},
    {"max-instances", Errc::invalid_content, "it recurs too often for the server", ""},
    {"max-attendees-per-instance", Errc::invalid_content, "it has too many attendees for the server", ""},
    {"quota-not-exceeded", Errc::quota_exceeded, "the quota is used up", "remove something or ask for a greater quota"},
    {"sufficient-disk-space", Errc::no_space, "the server's disk is full", ""},
    {"need-privileges", Errc::access_denied, "you may not do that", "ask its owner for the right to write"},
    {"resource-must-be-null", Errc::exists, "there is one already", ""},
    {"calendar-collection-location-ok", Errc::not_permitted, "no calendar can be made there", ""},
    {"addressbook-collection-location-ok", Errc::not_permitted, "no address book can be made there", ""},
});

Meaning meaning_of(int status) {
  switch (status) {
    case 400: return {{}, Errc::invalid_content, "the server refused it as wrong", {}};
    case 401: return {{}, Errc::authentication_failed, "the server does not know this user or password", "check both"};
    case 403: return {{}, Errc::access_denied, "the server forbids it", {}};
    case 404:
    case 410: return {{}, Errc::not_found, "is not there", {}};
    case 405:
    case 501: return {{}, Errc::unsupported, "the server cannot do that", {}};
    case 409: return {{}, Errc::exists, "it contradicts what the server has", {}};
    case 412: return {{}, Errc::stale, "was changed meanwhile", {}};
    case 413: return {{}, Errc::too_large, "the server takes nothing so large", {}};
    case 415:
    case 422: return {{}, Errc::invalid_content, "the server takes no data of this form", {}};
    case 423: return {{}, Errc::busy, "is locked by another program", "try again later"};
    case 429:
    case 503: return {{}, Errc::busy, "the server is busy", "try again later"};
    case 507: return {{}, Errc::quota_exceeded, "the server has no room for it", {}};
    default: return {{}, Errc::io, "the server failed", {}};
  }
}

}  // namespace

Error refusal(int status, std::string_view precondition, std::string_view object) {
  const auto* const named = std::ranges::find(preconditions, precondition, &Meaning::precondition);
  const Meaning meaning = named != preconditions.end() ? *named : meaning_of(status);
  std::string what = std::string(meaning.what) + " (" + std::to_string(status);
  if (!precondition.empty()) what += ", " + std::string(precondition.substr(0, 80));
  return {meaning.code, std::string(object), what + ')', std::string(meaning.hint)};
}

Error refusal(const Response& response, std::string_view object) {
  const DavError said = read_error(response.body);
  Error error = refusal(response.status, said.precondition, object);
  if (!said.description.empty()) error.what += ": " + said.description;
  return error;
}

Result<> check_done(const Response& response, const Url& url, std::string_view object) {
  if (!response.is_success()) return std::unexpected(refusal(response, object));
  if (response.status != 207) return {};
  const auto inner = MAPISTORE_TRY(read_multistatus(response.body, url));
  for (const Resource& resource : inner.resources)
    if (resource.status < 200 || resource.status > 299 || !resource.error.empty())
      return std::unexpected(
          refusal(resource.status > 299 || resource.status < 200 ? resource.status : 403, resource.error, object));
  return {};
}

}  // namespace mapistore::dav
