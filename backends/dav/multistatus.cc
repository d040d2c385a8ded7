#include "backends/dav/multistatus.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "backends/dav/text.h"
#include "backends/dav/xml.h"

namespace mapistore::dav {
namespace {

/// The number in "HTTP/1.1 200 OK"; 0 if there is none.
int status_of(std::string_view line) {
  line = trimmed(line);
  const std::size_t blank = line.find(' ');
  if (!line.starts_with("HTTP/") || blank == std::string_view::npos) return 0;
  int status = 0;
  const std::string_view digits = line.substr(blank + 1, 3);
  std::from_chars(digits.data(), digits.data() + digits.size(), status);
  return status;
}

std::vector<Url> read_hrefs(XmlElement element, const Url& base) {
  std::vector<Url> urls;
  element.each([&](XmlElement child) {
    if (!child.is(ns_dav, "href")) return;
    if (auto url = base.resolve(child.text())) urls.push_back(*std::move(url));
  });
  return urls;
}

unsigned read_components(XmlElement element) {
  unsigned components = 0;
  element.each([&](XmlElement child) {
    const std::string_view name = child.attribute("name");
    if (equals_nocase(name, "VEVENT")) components |= component::event;
    if (equals_nocase(name, "VTODO")) components |= component::task;
    if (equals_nocase(name, "VJOURNAL")) components |= component::journal;
  });
  return components;
}

bool read_may_write(XmlElement element) {
  bool may = false;
  element.each([&](XmlElement privilege) {
    for (const std::string_view name : {"all", "write", "write-content", "bind"})
      may = may || privilege.child(ns_dav, name);
  });
  return may;
}

void read_type(XmlElement element, Resource& resource) {
  element.each([&](XmlElement type) {
    resource.is_collection |= type.is(ns_dav, "collection");
    resource.is_principal |= type.is(ns_dav, "principal");
    resource.is_calendar |= type.is(ns_caldav, "calendar");
    resource.is_address_book |= type.is(ns_carddav, "addressbook");
  });
}

void read_dav_property(XmlElement property, const Url& base, Resource& resource) {
  const std::string_view name = property.local_name();
  if (name == "getetag") resource.etag = trimmed(property.text());
  if (name == "getlastmodified") resource.modified = read_http_date(property.text());
  if (name == "displayname") resource.display_name = property.text();
  if (name == "sync-token") resource.sync_token = trimmed(property.text());
  if (name == "resourcetype") read_type(property, resource);
  if (name == "current-user-privilege-set") resource.may_write = read_may_write(property);
  if (name == "current-user-principal")
    if (auto urls = read_hrefs(property, base); !urls.empty()) resource.principal = urls.front();
  if (name == "getcontentlength") {
    const std::string text = property.text();
    const std::string_view digits = trimmed(text);
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error == std::errc{} && end == digits.data() + digits.size()) resource.length = length;
  }
}

void read_property(XmlElement property, const Url& base, Resource& resource) {
  if (property.is(ns_dav, property.local_name())) return read_dav_property(property, base, resource);
  if (property.is(ns_caldav, "calendar-data") || property.is(ns_carddav, "address-data"))
    resource.data = property.data();
  else if (property.is(ns_calendarserver, "getctag"))
    resource.ctag = trimmed(property.text());
  else if (property.is(ns_apple, "calendar-color") || property.is(ns_inf_it, "addressbook-color"))
    resource.color = trimmed(property.text());
  else if (property.is(ns_caldav, "calendar-description") || property.is(ns_carddav, "addressbook-description"))
    resource.comment = property.text();
  else if (property.is(ns_caldav, "supported-calendar-component-set"))
    resource.components = read_components(property);
  else if (property.is(ns_caldav, "calendar-home-set"))
    resource.calendar_homes = read_hrefs(property, base);
  else if (property.is(ns_carddav, "addressbook-home-set"))
    resource.address_book_homes = read_hrefs(property, base);
}

std::string first_condition(XmlElement error) {
  const XmlElement condition = error ? error.first_child() : XmlElement{};
  return condition ? std::string(condition.local_name()) : std::string{};
}

/// What a response says of all its addresses: properties only if it has but one (RFC 4918 14.24).
Resource read_resource(XmlElement response, bool has_properties, const Url& base) {
  Resource resource;
  if (const XmlElement status = response.child(ns_dav, "status")) resource.status = status_of(status.text());
  resource.error = first_condition(response.child(ns_dav, "error"));
  if (!has_properties) return resource;
  int refused = 0;
  bool has_some = false;
  response.each([&](XmlElement propstat) {
    if (!propstat.is(ns_dav, "propstat")) return;
    const int status = status_of(propstat.child(ns_dav, "status").text());
    // What is not 2xx here is a property that is missing or was refused, and says nothing of the resource.
    if (status < 200 || status > 299) {
      refused = refused != 0 ? refused : status;
      if (resource.error.empty()) resource.error = first_condition(propstat.child(ns_dav, "error"));
      return;
    }
    has_some = true;
    propstat.child(ns_dav, "prop").each([&](XmlElement property) { read_property(property, base, resource); });
  });
  // An answer to PUT or PROPPATCH of nothing but refusals is one (Xandikos 0.2.8 answers PUT so).
  if (resource.status == 200 && !has_some && refused != 0 && refused != 404) resource.status = refused;
  return resource;
}

}  // namespace

Result<Multistatus> read_multistatus(std::string body, const Url& base) {
  const XmlDocument document = MAPISTORE_TRY(XmlDocument::parse(std::move(body), base.text()));
  if (!document.root().is(ns_dav, "multistatus"))
    return fail(Errc::corrupted, base.text(), "the answer is no DAV:multistatus");
  Multistatus answer;
  answer.url = base;
  document.root().each([&](XmlElement child) {
    if (child.is(ns_dav, "sync-token")) answer.sync_token = trimmed(child.text());
    if (!child.is(ns_dav, "response")) return;
    // A response may stand for several addresses that met the same fate.
    std::vector<Url> urls = read_hrefs(child, base);
    Resource resource = read_resource(child, urls.size() == 1, base);
    for (Url& url : urls) {
      // Behind a proxy a server may not know under which name it is asked.
      if (url.host == base.host) url.is_secure = base.is_secure, url.port = base.port;
      if (!url.same_origin(base)) continue;
      if (resource.status == 507 && url.path == base.path) {
        answer.is_truncated = true;
        continue;
      }
      resource.url = std::move(url);
      answer.resources.push_back(urls.size() == 1 ? std::move(resource) : resource);
    }
  });
  return answer;
}

DavError read_error(std::string body) {
  constexpr std::size_t longest_body = 64 * 1024, longest_description = 200;
  if (body.size() > longest_body) return {};
  const auto document = XmlDocument::parse(std::move(body), {});
  if (!document || !document->root().is(ns_dav, "error")) return {};
  DavError error;
  document->root().each([&error](XmlElement child) {
    if (child.is(ns_dav, "responsedescription"))
      error.description = std::string(trimmed(child.text())).substr(0, longest_description);
    else if (error.precondition.empty())
      error.precondition = child.local_name();
  });
  std::ranges::replace(error.description, '\n', ' ');
  return error;
}

std::optional<Time> read_http_date(std::string_view text) {
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const std::string line(trimmed(text));
  int day = 0, year = 0, hour = 0, minute = 0, second = 0, offset = 0;
  std::array<char, 4> month{};
  std::array<char, 8> zone{};
  if (line.size() > 64 || std::sscanf(line.c_str(), "%*3s, %d%*1[ -]%3s%*1[ -]%d %d:%d:%d %7s", &day, month.data(),
                                      &year, &hour, &minute, &second, zone.data()) < 6)
    return std::nullopt;
  const std::size_t index = months.find(month.data());
  if (index == std::string_view::npos || index % 3 != 0 || month[2] == '\0') return std::nullopt;
  if (zone[0] == '+' || zone[0] == '-') std::from_chars(zone.data() + 1, zone.data() + 5, offset);
  const int minutes = (offset / 100 * 60 + offset % 100) * (zone[0] == '-' ? -1 : 1);
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(index / 3 + 1)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok() || year < 1678 || year > 2261 || hour > 24 || minute > 60 || second > 61) return std::nullopt;
  return Time{std::chrono::sys_days{date}} + std::chrono::hours{hour} + std::chrono::minutes{minute - minutes} +
         std::chrono::seconds{second};
}

}  // namespace mapistore::dav
