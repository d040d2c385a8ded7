#include "backends/dav/object_text.h"

#include <gtest/gtest.h>

#include "backends/dav/fetched.h"
#include "backends/dav/multistatus.h"

namespace mapistore::dav::dav_object_text_test {
namespace {

std::string calendar(const std::string& inside) { return "BEGIN:VCALENDAR\r\n" + inside + "END:VCALENDAR\r\n"; }

TEST(DavObjectText, FindsTheUidsOfWhatHasThem) {
  const auto object = scan(calendar(
      "BEGIN:VTIMEZONE\r\nTZID:x\r\nUID:zone\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID;X-A=\"b:c\":fol\r\n ded\r\n"
      "BEGIN:VALARM\r\nUID:alarm\r\nEND:VALARM\r\nEND:VEVENT\r\nbegin:vevent\r\nuid:folded\r\nRECURRENCE-ID:1\r\nend:"
      "vevent\r\n"));
  EXPECT_EQ(object.components, component::event);
  EXPECT_EQ(object.uids, std::vector<std::string>{"folded"});
  EXPECT_EQ(object.without_uid, 0u);
  EXPECT_TRUE(check_single(object, "x.ics")) << "an event with an override is one object";
}

TEST(DavObjectText, RefusesWhatIsNotOneObject) {
  const std::string event = "BEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\n",
                    other = "BEGIN:VEVENT\r\nUID:2\r\nEND:VEVENT\r\n", task = "BEGIN:VTODO\r\nUID:1\r\nEND:VTODO\r\n",
                    nameless = "BEGIN:VEVENT\r\nEND:VEVENT\r\n";
  for (const std::string& text :
       {calendar(""), calendar(event + other), calendar(event + task), calendar(event + nameless),
        calendar(nameless + nameless), std::string("BEGIN:VCARD\r\n"), std::string(),
        std::string("BEGIN:VCARD\r\nUID:1\r\nEND:VCARD\r\nBEGIN:VCARD\r\nUID:1\r\nEND:VCARD\r\n")})
    EXPECT_FALSE(check_single(scan(text), "x")) << text;
  for (const std::string& text : {calendar(event), calendar(nameless), std::string("BEGIN:VCARD\r\nEND:VCARD")})
    EXPECT_TRUE(check_single(scan(text), "x")) << text;
}

TEST(DavObjectText, GivesAUidToWhatHasNone) {
  const std::string event = calendar("BEGIN:VEVENT\r\nBEGIN:VALARM\r\nUID:a\r\nEND:VALARM\r\nEND:VEVENT\r\n");
  EXPECT_EQ(scan(with_uid(event, "new")).uids, std::vector<std::string>{"new"});
  EXPECT_EQ(with_uid("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:x\r\nEND:VCARD\r\n", "new"),
            "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:new\r\nFN:x\r\nEND:VCARD\r\n")
      << "VERSION stays first";
  const std::string has = calendar("BEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\n");
  EXPECT_EQ(with_uid(has, "new"), has);
}

/// Where SOGo folds: before the 75th UTF-16 unit of a content line, and each 74th after it.
bool has_torn_line(const std::string& text) {
  std::string unfolded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 3, "\r\n ") == 0)
      i += 2;
    else
      unfolded += text[i];
  }
  std::size_t units = 0;
  for (const char c : unfolded) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') units = 0;
    if (c == '\n' || c == '\r' || (byte & 0xc0u) == 0x80) continue;
    if (byte >= 0xf0 && (units + 1 == 75 || (units + 1 > 75 && (units + 1 - 75) % 74 == 0))) return true;
    units += byte >= 0xf0 ? 2 : 1;
  }
  return false;
}

TEST(DavObjectText, NoAstralCharacterIsLeftWhereSogoFolds) {
  for (std::size_t before = 0; before < 320; ++before) {
    const std::string text = calendar("BEGIN:VEVENT\r\nUID:1\r\nSUMMARY;X-Y=\"q\":" + std::string(before, 'x') +
                                      "\xF0\x9F\x8E\x81 and \xF0\x9F\x8E\x82\r\nEND:VEVENT\r\n");
    const std::string shifted = with_astral_shifted(text, 0);
    EXPECT_FALSE(has_torn_line(shifted)) << before;
    EXPECT_EQ(shifted == text, !has_torn_line(text)) << before << ": what is safe stays as it is";
    EXPECT_TRUE(shifted.contains("\xF0\x9F\x8E\x81") && shifted.contains("\xF0\x9F\x8E\x82")) << before;
    EXPECT_NE(with_astral_shifted(text, 1), text) << "another try is another text";
  }
}

TEST(DavObjectText, LineEndsAreMadeOfOneKind) {
  EXPECT_EQ(with_crlf("a\nb\r\nc"), "a\r\nb\r\nc");
  EXPECT_EQ(with_lf("a\r\nb\nc\r"), "a\nb\nc\r");
}

TEST(DavFetched, AValidatorHasADigestWhereTheETagMayDeceive) {
  const ServerProfile& trusted = *profile_named("radicale");
  const ServerProfile& sogo = *profile_named("sogo");
  EXPECT_EQ(change_of(trusted, "\"1\"", "a"), change_of(trusted, "\"1\"", "b"));
  EXPECT_NE(change_of(sogo, "\"1\"", "a"), change_of(sogo, "\"1\"", "b"));
  EXPECT_NE(change_of(trusted, "W/\"1\"", "a"), change_of(trusted, "W/\"1\"", "b"));
  EXPECT_NE(change_of(trusted, "", "a"), change_of(trusted, "", "b"));
  EXPECT_EQ(etag_of(change_of(sogo, "\"1\"", "a")), "\"1\"");
  EXPECT_EQ(etag_of(change_of(trusted, "W/\"1\"", "a")), "") << "nothing that If-Match could compare";
}

TEST(DavFetched, TheTimeIsTheEventsNotItsZones) {
  const Time noon = Time{std::chrono::sys_days{std::chrono::year{2026} / 8 / 17}} + std::chrono::hours{12};
  EXPECT_EQ(time_in(calendar("BEGIN:VTIMEZONE\r\nLAST-MODIFIED:20000101T000000Z\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\n"
                             "DTSTAMP:20260101T000000Z\r\nLAST-MODIFIED:20260817T120000Z\r\nEND:VEVENT\r\n")),
            noon);
  EXPECT_EQ(time_in("BEGIN:VCARD\r\nREV:2026-08-17T12:00:00Z\r\nEND:VCARD\r\n"), noon);
  EXPECT_EQ(time_in("BEGIN:VCARD\r\nREVIEW:20260817T120000Z\r\nREV:soon\r\nEND:VCARD\r\n"), Time{});
}

TEST(DavObjectText, WhatAServerMadeOfAnObjectIsRecognised) {
  const std::string sent =
      "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//a//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n"
      "SUMMARY:One\\, two\r\nCATEGORIES:Red,Blue\r\nDTSTART;TZID=X:20260901T080000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
  const std::string stored =
      "BEGIN:VCALENDAR\nPRODID:-//server//EN\nVERSION:2.0\nBEGIN:VEVENT\nCREATED:20260102T000000Z\ncategories:Blue\n"
      "CATEGORIES:Red\nDTSTAMP:20270101T000000Z\nDTSTART;TZID=X:2026\n 0901T080000\nSUMMARY:One\\, two\nUID:1\n"
      "X-SERVER:yes\nEND:VEVENT\nEND:VCALENDAR\n";
  EXPECT_TRUE(is_made_of(stored, sent));
  EXPECT_TRUE(is_made_of(sent, sent));
  std::string other = stored;
  EXPECT_FALSE(is_made_of(other.replace(other.find("One"), 3, "Two"), sent));
  other = stored;
  EXPECT_FALSE(is_made_of(other.replace(other.find("080000"), 6, "090000"), sent));
  EXPECT_FALSE(is_made_of("", sent));
}

}  // namespace
}  // namespace mapistore::dav::dav_object_text_test
