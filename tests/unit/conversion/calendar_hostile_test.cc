#include <chrono>
#include <ctime>
#include <memory>
#include <random>

#include "calendar_test.h"
#include "core/conversion/mail_values.h"

namespace mapistore::conversion::calendar_hostile_test {
namespace {

const std::string& seed() {
  static const std::string text = calendar(
      berlin +
      "BEGIN:VEVENT\nUID:s\nDTSTART;TZID=Europe/Berlin:20240304T090000\nDTEND;TZID=Europe/Berlin:20240304T100000\n"
      "RRULE:FREQ=MONTHLY;BYDAY=-1MO;COUNT=9\nEXDATE;TZID=Europe/Berlin:20240325T090000\n"
      "RDATE;TZID=Europe/Berlin:20240307T090000\nRDATE;VALUE=PERIOD:20240308T080000Z/PT2H,20240309T080000Z/"
      "20240309T090000Z\n"
      "ATTENDEE;PARTSTAT=ACCEPTED;X-CALENDARSERVER-DTSTAMP=20240302T000000Z;RSVP=TRUE;CN=J:mailto:j@x\n"
      "BEGIN:VALARM\nTRIGGER:-PT15M\nEND:VALARM\nEND:VEVENT\n"
      "BEGIN:VEVENT\nUID:s\nRECURRENCE-ID;TZID=Europe/Berlin:20240429T090000\nSUMMARY:T\nEND:VEVENT\n");
  return text;
}

TEST(CalendarHostile, MutatedFilesAreReadAndWritten) {
  std::mt19937 random(7);  // NOLINT: the same mutations each time
  for (int round = 0; round < 2000; ++round) {
    std::string text = seed();
    for (int i = 0; i < 6; ++i) {
      const std::size_t at = random() % text.size();
      if (random() % 3 == 0)
        text.erase(at, random() % 9);
      else
        text[at] = random() % 3 == 0 ? static_cast<char>(random()) : "0123456789;:=,-TZ\n"[random() % 18];
    }
    const MessageObject message = message_of(text);
    EXPECT_EQ(edited(text, message), text);
    EXPECT_FALSE(rendered(message).empty());
  }
}

TEST(CalendarHostile, MutatedStructuresAreRendered) {
  std::mt19937 random(7);  // NOLINT: the same mutations each time
  const MessageObject good = message_of(seed());
  for (const PropertyName& id : {PropertyName(lid::appointment_recur), PropertyName(lid::global_object_id),
                                 PropertyName(lid::appointment_time_zone_definition_start_display)}) {
    for (int round = 0; round < 500; ++round) {
      MessageObject message = good;
      Binary blob = value<Binary>(good.properties, id);
      for (int i = 0; i < 3; ++i) blob[random() % blob.size()] = static_cast<std::byte>(random());
      if (random() % 4 == 0) blob.resize(random() % blob.size());
      message.properties.set(id, blob);
      EXPECT_FALSE(rendered(message).empty());
      EXPECT_FALSE(edited(seed(), message).empty());
    }
  }
}

TEST(CalendarHostile, RulesWithoutEndTakeNoTime) {
  const auto message = message_of(event("DTSTART:16010101T000000Z\nRRULE:FREQ=DAILY;COUNT=4294967295\n"));
  EXPECT_FALSE(message.properties.contains(PropertyName(lid::appointment_recur)));
  const auto forever = message_of(event("DTSTART:16010101T000000Z\nRRULE:FREQ=DAILY\nEXDATE:45001231T000000Z\n"));
  EXPECT_EQ(recurrence(forever).pattern.end, PatternEnd::never);
}

TEST(CalendarHostile, ManyZonesAndDatesAreBounded) {
  std::string zone = "BEGIN:VTIMEZONE\nTZID:Z\n";
  for (int i = 0; i < 2000; ++i) {
    zone += "BEGIN:STANDARD\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nDTSTART:20000101T000000\nEND:STANDARD\n";
  }
  std::string dates = "EXDATE;TZID=Z:20240304T090000";
  for (int i = 0; i < 5000; ++i) dates += ",20240305T090000";
  const auto message = message_of(calendar(zone +
                                           "END:VTIMEZONE\nBEGIN:VEVENT\nUID:a\nDTSTART;TZID=Z:20240304T090000\n"
                                           "RRULE:FREQ=DAILY\n" +
                                           dates + "\nEND:VEVENT\n"));
  EXPECT_EQ(recurrence(message).pattern.deleted.size(), 2u);
}

TEST(CalendarHostile, TextsAreUtf8WhateverTheBytes) {
  const auto message = message_of(
      event("ATTENDEE;CN=\xd0:mailto:\xd0@x\nORGANIZER:\xd1@x\nATTACH;FILENAME=\xd0;FMTTYPE=a/\xd0:http://\xd0\n"));
  const PropertyBag& row = message.recipients.at(1);
  EXPECT_EQ(text_or_empty(row, tag::display_name), "\xc3\x90");
  EXPECT_EQ(text_or_empty(row, tag::smtp_address), "\xc3\x90@x");
  const PropertyBag& attachment = message.attachments.at(0).properties;
  EXPECT_EQ(text_or_empty(attachment, tag::attach_long_filename), "\xc3\x90");
  EXPECT_EQ(text_or_empty(attachment, tag::attach_mime_tag), "a/\xc3\x90");
  EXPECT_EQ(text_or_empty(attachment, tag::attach_long_pathname), "http://\xc3\x90");
}

TEST(CalendarHostile, AZoneIsNamedByAnyBytes) {
  const std::string zone = replaced(std::string(berlin), "Europe/Berlin", "\xd0");
  const auto message = message_of(calendar(
      zone + "BEGIN:VEVENT\nUID:a\nDTSTART;TZID=\xd0:20240304T090000\nDTEND;TZID=\xd0:20240304T100000\nEND:VEVENT\n"));
  EXPECT_EQ(utc(message, lid::appointment_start_whole), "20240304T080000Z");
  EXPECT_EQ(text_or_empty(message.properties, PropertyName(lid::time_zone_description)), "\xc3\x90");
}

TEST(CalendarHostile, ALengthOfMillenniaIsTold) {
  using namespace std::chrono;
  const auto message = message_of(event("DTSTART:16010101T000000Z\nDTEND:45001231T000000Z\n"));
  const auto length = sys_days{year{4500} / 12 / 31} - sys_days{year{1601} / 1 / 1};
  EXPECT_EQ(value<std::int32_t>(message.properties, PropertyName(lid::appointment_duration)),
            duration_cast<minutes>(length).count());
}

TEST(CalendarHostile, ParametersAreReadOnceForManyValues) {
  std::string parameters;
  for (int i = 0; i < 100'000; ++i) parameters += ";X=y";
  std::string dates = "20240305T090000";
  std::string categories = "a";
  for (int i = 0; i < 20'000; ++i) dates += ",20240305T090000", categories += ",a";
  const std::clock_t begun = std::clock();
  const auto message = message_of(event("DTSTART:20240304T090000\nRRULE:FREQ=DAILY\nEXDATE" + parameters + ":" + dates +
                                        "\nCATEGORIES" + parameters + ":" + categories + "\n"));
  EXPECT_LT(std::clock() - begun, 10 * CLOCKS_PER_SEC);
  EXPECT_EQ(recurrence(message).pattern.deleted.size(), 1u);
  EXPECT_EQ(value<std::vector<std::string>>(message.properties, PropertyName(pname::keywords)).size(), 20'001u);
}

TEST(CalendarHostile, AnEditOfManyExceptionsIsLinear) {
  std::string lines = "BEGIN:VEVENT\nUID:u\nDTSTART:20240101T090000Z\nRRULE:FREQ=DAILY\nEND:VEVENT\n";
  const WallTime first = parse_calendar_time("20240101T090000Z")->wall;
  constexpr int exceptions = 5000;
  for (int day = 0; day < exceptions; ++day)
    lines += "BEGIN:VEVENT\nUID:u\nRECURRENCE-ID:" + calendar_text({first + std::chrono::days(day), false, true}) +
             "\nSUMMARY:old\nEND:VEVENT\n";
  const std::string text = calendar(lines);
  MessageObject wanted = message_of(text);
  ASSERT_EQ(wanted.attachments.size(), std::size_t{exceptions});
  auto last = std::make_shared<MessageObject>(*wanted.attachments.back().embedded);
  last->properties.set(tag::subject, std::string("new"));
  wanted.attachments.back().embedded = last;
  const std::clock_t begun = std::clock();
  const std::string changed = edited(text, wanted);
  EXPECT_LT(std::clock() - begun, 12 * CLOCKS_PER_SEC);
  EXPECT_EQ(changed, std::string(text).replace(text.rfind("old"), 3, "new"));
}

}  // namespace
}  // namespace mapistore::conversion::calendar_hostile_test
