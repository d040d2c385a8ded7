#include "backends/dav/requests.h"

#include "backends/dav/xml.h"

namespace mapistore::dav::requests {
namespace {

constexpr std::string_view head = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";
constexpr std::string_view spaces =
    " xmlns=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns:A=\"urn:ietf:params:xml:ns:carddav\""
    " xmlns:S=\"http://calendarserver.org/ns/\" xmlns:I=\"http://apple.com/ns/ical/\""
    " xmlns:B=\"http://inf-it.com/ns/ab/\"";

std::string document(std::string_view name, std::string_view content) {
  std::string out(head);
  out += '<';
  out += name;
  out += spaces;
  out += '>';
  out += content;
  out += "</";
  out += name;
  return out + '>';
}

std::string names_of(Version version) {
  switch (version) {
    case Version::none: return {};
    case Version::ctag: return "<S:getctag/>";
    case Version::ctag_or_token: return "<S:getctag/><sync-token/>";
  }
  return {};
}

std::string set_property(const std::string& name, std::optional<std::string_view> value) {
  if (!value) return document("propertyupdate", "<remove><prop><" + name + "/></prop></remove>");
  return document("propertyupdate", "<set><prop><" + name + '>' + xml_escaped(*value) + "</" + name + "></prop></set>");
}

}  // namespace

std::string describe(Version version) {
  return document("propfind",
                  "<prop><resourcetype/><displayname/><current-user-principal/><current-user-privilege-set/>"
                  "<C:supported-calendar-component-set/><C:calendar-home-set/><A:addressbook-home-set/>" +
                      names_of(version) + "</prop>");
}

std::string describe_details() {
  return document("propfind",
                  "<prop><resourcetype/><displayname/><current-user-privilege-set/>"
                  "<C:supported-calendar-component-set/><C:calendar-description/><A:addressbook-description/>"
                  "<I:calendar-color/><B:addressbook-color/></prop>");
}

std::string describe_version(Version version) {
  return document("propfind", "<prop><resourcetype/>" + names_of(version) + "</prop>");
}

std::string list_objects() { return document("propfind", "<prop><resourcetype/><getetag/></prop>"); }

std::string sync(std::string_view token) {
  return document("sync-collection", "<sync-token>" + xml_escaped(token) +
                                         "</sync-token><sync-level>1</sync-level><prop><getetag/></prop>");
}

std::string multiget(bool of_cards, std::span<const Url> urls) {
  std::string content = "<prop><getetag/><getcontentlength/><getlastmodified/>";
  content += of_cards ? "<A:address-data/></prop>" : "<C:calendar-data/></prop>";
  for (const Url& url : urls) content += "<href>" + xml_escaped(url.path) + "</href>";
  return document(of_cards ? "A:addressbook-multiget" : "C:calendar-multiget", content);
}

std::string find_uid(bool of_cards, std::string_view component, std::string_view uid) {
  const std::string text = xml_escaped(uid);
  if (of_cards)
    return document("A:addressbook-query",
                    "<prop><getetag/></prop><A:filter><A:prop-filter name=\"UID\"><A:text-match collation=\"i;octet\" "
                    "match-type=\"equals\">" +
                        text + "</A:text-match></A:prop-filter></A:filter>");
  // Without the inner filter SOGo answers with nothing.
  return document("C:calendar-query",
                  "<prop><getetag/></prop><C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"" +
                      std::string(component) + "\"><C:prop-filter name=\"UID\"><C:text-match collation=\"i;octet\">" +
                      text + "</C:text-match></C:prop-filter></C:comp-filter></C:comp-filter></C:filter>");
}

std::string make_calendar(std::string_view display_name) {
  return document("C:mkcalendar",
                  "<set><prop><displayname>" + xml_escaped(display_name) + "</displayname></prop></set>");
}

std::string make_address_book(std::string_view display_name) {
  return document("mkcol", "<set><prop><resourcetype><collection/><A:addressbook/></resourcetype><displayname>" +
                               xml_escaped(display_name) + "</displayname></prop></set>");
}

std::string rename(std::string_view display_name) { return set_property("displayname", display_name); }

std::string set_color(bool of_cards, std::optional<std::string_view> value) {
  return set_property(of_cards ? "B:addressbook-color" : "I:calendar-color", value);
}

std::string set_comment(bool of_cards, std::optional<std::string_view> value) {
  return set_property(of_cards ? "A:addressbook-description" : "C:calendar-description", value);
}

}  // namespace mapistore::dav::requests
