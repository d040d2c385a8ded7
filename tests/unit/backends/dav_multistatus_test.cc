#include "backends/dav/multistatus.h"

#include <gtest/gtest.h>

#include "backends/dav/failure.h"
#include "backends/dav/xml.h"

namespace mapistore::dav::dav_multistatus_test {
namespace {

const Url base = *Url::parse("http://localhost/cal/");

Multistatus read(const std::string& text) {
  auto answer = read_multistatus(text, base);
  EXPECT_TRUE(answer) << answer.error().to_string();
  return std::move(answer).value_or(Multistatus{});
}

TEST(DavMultistatus, TakesAnyPrefixOfANamespace) {
  for (const std::string text :
       {"<multistatus xmlns='DAV:'><response><href>/cal/a.ics</href><propstat><prop><getetag>\"1\"</getetag></prop>"
        "<status>HTTP/1.1 200 OK</status></propstat></response></multistatus>",
        "<?xml version='1.0'?>\n<q:multistatus "
        "xmlns:q='DAV:'><q:response><q:href>/cal/a.ics</q:href><q:propstat><q:prop>"
        "<getetag xmlns='DAV:'> \"1\" </getetag><x:getetag xmlns:x='urn:other'>\"2\"</x:getetag></q:prop>"
        "<q:status>HTTP/1.1 200 OK</q:status></q:propstat></q:response></q:multistatus>"}) {
    const auto answer = read(text);
    ASSERT_EQ(answer.resources.size(), 1u);
    EXPECT_EQ(answer.resources[0].etag, "\"1\"");
    EXPECT_EQ(answer.resources[0].url.path, "/cal/a.ics");
  }
}

TEST(DavMultistatus, TellsAMissingObjectFromAMissingProperty) {
  const auto answer = read(
      "<multistatus xmlns='DAV:'><response><href>/cal/gone.ics</href><status>HTTP/1.1 404 Not Found</status></response>"
      "<response><href>/cal/there.ics</href><propstat><prop><getetag/></prop><status>HTTP/1.1 404 Not Found</status>"
      "</propstat></response><sync-token> t </sync-token></multistatus>");
  ASSERT_EQ(answer.resources.size(), 2u);
  EXPECT_EQ(answer.resources[0].status, 404);
  EXPECT_EQ(answer.resources[1].status, 200);
  EXPECT_EQ(answer.sync_token, "t");
}

/// Else each address would have its own copy of what the server has sent once.
TEST(DavMultistatus, SeveralAddressesShareAFateAndNoProperties) {
  const std::string addresses = "<href>/cal/a.ics</href><href>/cal/b.ics</href>";
  const auto gone = read("<multistatus xmlns='DAV:'><response>" + addresses +
                         "<status>HTTP/1.1 404 Not Found</status></response></multistatus>");
  ASSERT_EQ(gone.resources.size(), 2u);
  EXPECT_EQ(gone.resources[0].url.path, "/cal/a.ics");
  EXPECT_EQ(gone.resources[1].url.path, "/cal/b.ics");
  for (const Resource& one : gone.resources) EXPECT_EQ(one.status, 404);
  const auto there = read("<multistatus xmlns='DAV:'><response>" + addresses +
                          "<propstat><prop><displayname>Both</displayname></prop><status>HTTP/1.1 200 OK</status>"
                          "</propstat></response></multistatus>");
  ASSERT_EQ(there.resources.size(), 2u);
  for (const Resource& one : there.resources) EXPECT_EQ(one.display_name, "");
}

TEST(DavMultistatus, RefusesWhatWouldTakeTooLongToWalk) {
  const auto of = [](int depth, int attributes) {
    std::string text = "<multistatus xmlns='DAV:'";
    for (int i = 1; i < attributes; ++i) text += " a" + std::to_string(i) + "='x'";
    text += '>';
    for (int i = 1; i < depth; ++i) text += "<a>";
    for (int i = 1; i < depth; ++i) text += "</a>";
    return read_multistatus(text + "</multistatus>", base);
  };
  EXPECT_TRUE(of(60, 100));
  for (const auto& refused : {of(70, 1), of(1, 101)}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::corrupted);
    EXPECT_NE(refused.error().what.find("nested too deeply, or an element has too many attributes"), std::string::npos);
  }
}

TEST(DavMultistatus, JoinsHalvesOfACharacterAndKeepsLineEnds) {
  const auto answer = read(
      "<multistatus "
      "xmlns='DAV:'><response><href>/cal/a.ics</href><propstat><prop><displayname>a&#55356;&#57225;b&#55356;c\x01"
      "</displayname><calendar-data "
      "xmlns='urn:ietf:params:xml:ns:caldav'>x&#13;\n<![CDATA[y<&]]>\r\n</calendar-data></prop>"
      "<status>HTTP/1.1 200 OK</status></propstat></response></multistatus>");
  ASSERT_EQ(answer.resources.size(), 1u);
  EXPECT_EQ(answer.resources[0].display_name, "a\xF0\x9F\x8E\x89" "bc");
  EXPECT_EQ(answer.resources[0].data, "x\r\ny<&\r\n");
}

TEST(DavMultistatus, ReadsWhatACollectionSays) {
  const auto answer = read(
      "<multistatus xmlns='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav'><response><href>/cal/</href><propstat><prop>"
      "<resourcetype><collection/><C:calendar/></resourcetype><C:supported-calendar-component-set><C:comp "
      "name='VTODO'/>"
      "<C:comp "
      "name='vevent'/></C:supported-calendar-component-set><current-user-privilege-set><privilege><read/></privilege>"
      "<privilege><write-content/></privilege></current-user-privilege-set><C:calendar-home-set><href>/home/</href>"
      "</C:calendar-home-set></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>");
  const Resource& resource = answer.resources.at(0);
  EXPECT_TRUE(resource.is_collection && resource.is_calendar && !resource.is_address_book);
  EXPECT_EQ(resource.components, component::event | component::task);
  EXPECT_EQ(resource.may_write, true);
  ASSERT_EQ(resource.calendar_homes.size(), 1u);
  EXPECT_EQ(resource.calendar_homes[0].path, "/home/");
}

TEST(DavMultistatus, ReadsColourAndDescriptionOfBothKinds) {
  const auto answer = read(
      "<multistatus xmlns='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav' xmlns:A='urn:ietf:params:xml:ns:carddav'>"
      "<response><href>/cal/</href><propstat><prop><calendar-color xmlns='http://apple.com/ns/ical/'> #FF8800FF\n"
      "</calendar-color><C:calendar-description>Work &amp; play</C:calendar-description></prop><status>HTTP/1.1 200 OK"
      "</status></propstat></response><response><href>/book/</href><propstat><prop><addressbook-color "
      "xmlns='http://inf-it.com/ns/ab/'>#00ff00</addressbook-color><A:addressbook-description>Friends"
      "</A:addressbook-description></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>");
  ASSERT_EQ(answer.resources.size(), 2u);
  EXPECT_EQ(answer.resources[0].color, "#FF8800FF");
  EXPECT_EQ(answer.resources[0].comment, "Work & play");
  EXPECT_EQ(answer.resources[1].color, "#00ff00");
  EXPECT_EQ(answer.resources[1].comment, "Friends");
}

TEST(DavMultistatus, EntitiesAreNotExpanded) {
  EXPECT_FALSE(
      read_multistatus("<!DOCTYPE m [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><multistatus xmlns='DAV:'/>", base));
  const auto answer = read(
      "<multistatus xmlns='DAV:'><response><href>/cal/&unknown;.ics</href></response></multistatus>");
  EXPECT_EQ(answer.resources.at(0).url.last_segment(), "&unknown;.ics");
}

TEST(DavMultistatus, EscapedTextComesBack) {
  const std::string text = "a<b>&\"c\"\r\n\xF0\x9F\x8E\x89";
  const auto document = XmlDocument::parse("<x>" + xml_escaped(text) + "</x>", "test");
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().text(), text);
}

TEST(DavMultistatus, ReadsDatesAsServersWriteThem) {
  const Time time = Time{std::chrono::sys_days{std::chrono::year{2026} / 11 / 3}} + std::chrono::seconds{3661};
  EXPECT_EQ(read_http_date("Tue, 03 Nov 2026 01:01:01 GMT"), time);
  EXPECT_EQ(read_http_date(" Tue, 03 Nov 2026 02:01:01 +0100"), time);
  EXPECT_EQ(read_http_date("Mon, 02 Nov 2026 20:01:01 -0500"), time);
  for (const char* const wrong : {"", "yesterday", "Tue, 33 Nov 2026 01:01:01 GMT", "Tue, 03 Foo 2026 01:01:01 GMT",
                                  "Tue, 03 Nov 99999 01:01:01 GMT", "2026-11-03T01:01:01Z"})
    EXPECT_FALSE(read_http_date(wrong)) << wrong;
}

TEST(DavFailure, APreconditionSaysMoreThanAStatus) {
  Response response;
  response.status = 403;
  response.body =
      "<D:error xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav'><C:no-uid-conflict><D:href>/x</D:href>"
      "</C:no-uid-conflict><D:responsedescription>Twice</D:responsedescription></D:error>";
  const Error error = refusal(response, "a.ics");
  EXPECT_EQ(error.code, Errc::exists);
  EXPECT_TRUE(error.to_string().contains("Twice")) << error.to_string();
  response.body = "<html>";
  EXPECT_EQ(refusal(response, "a.ics").code, Errc::access_denied);
}

}  // namespace
}  // namespace mapistore::dav::dav_multistatus_test
