#include "calendar_test.h"

namespace mapistore::conversion::calendar_render_test {
namespace {

void expect_round_trip(const std::string& text, MessageKind kind = MessageKind::appointment) {
  const MessageObject message = message_of(text, kind);
  EXPECT_TRUE(message_of(rendered(message, kind), kind) == message) << rendered(message, kind);
}

TEST(CalendarRender, TellsWhatOthersLose) {
  expect_round_trip(
      event("DTSTAMP:20240101T000000Z\nCREATED:20230101T000000Z\nLAST-MODIFIED:20230102T000000Z\nSEQUENCE:3\n"
            "DTSTART:20240305T090000Z\nDTEND:20240305T103000Z\nSUMMARY:" +
            std::string(2000, 's') + "\\nmore\nLOCATION:" + std::string(2000, 'l') +
            "\\nmore\nX-ALT-DESC;FMTTYPE=text/html:<p>\nSTATUS:TENTATIVE\nCATEGORIES:a,b\\,c\n"
            "ORGANIZER;CN=Ann:mailto:ann@x.example\nATTENDEE;PARTSTAT=DECLINED;CN=Joe:mailto:joe@x.example\n"
            "ATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY;X-FILENAME=a.txt:aGVsbG8=\n"
            "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT15M\nEND:VALARM\n"));
}

TEST(CalendarRender, TellsSeriesWithExceptionsInAZone) {
  expect_round_trip(calendar(
      berlin +
      "BEGIN:VEVENT\nUID:s\nDTSTAMP:20240101T000000Z\nDTSTART;TZID=Europe/Berlin:20240304T090000\n"
      "DTEND;TZID=Europe/Berlin:20240304T100000\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20241231T225959Z\n"
      "EXDATE;TZID=Europe/Berlin:20240311T090000\nSUMMARY:S\nEND:VEVENT\n"
      "BEGIN:VEVENT\nUID:s\nDTSTAMP:20240101T000000Z\nRECURRENCE-ID;TZID=Europe/Berlin:20240403T090000\n"
      "DTSTART;TZID=Europe/Berlin:20240403T110000\nDTEND;TZID=Europe/Berlin:20240403T120000\nSUMMARY:T\nEND:VEVENT\n"));
}

TEST(CalendarRender, TellsAllDayEventsWithoutZoneInTheDate) {
  const std::string text = calendar(berlin +
                                    "BEGIN:VEVENT\nUID:d\nDTSTAMP:20240101T000000Z\n"
                                    "DTSTART;VALUE=DATE:20240331\nDTEND;VALUE=DATE:20240402\nEND:VEVENT\n");
  expect_round_trip(text);
  EXPECT_TRUE(has(rendered(message_of(text)), "DTSTART;VALUE=DATE:20240331\r\n"));
  EXPECT_TRUE(has(rendered(message_of(text)), "DTEND;VALUE=DATE:20240402\r\n"));
}

MessageObject lasting(std::int32_t minutes) {
  MessageObject message;
  message.properties.set(PropertyName(lid::appointment_start_whole), *to_system_time(as_utc(wall_time(222456600))));
  message.properties.set(PropertyName(lid::appointment_duration), minutes);
  return message;
}

TEST(CalendarRender, TellsTheEndByTheDurationOfMinutes) {
  const MessageObject again = message_of(rendered(lasting(45)));
  EXPECT_EQ(value<std::int32_t>(again.properties, PropertyName(lid::appointment_duration)), 45);
  EXPECT_EQ(utc(again, lid::appointment_end_whole), calendar_text({wall_time(222456645), false, true}));
  for (const std::int32_t none : {0, -5}) EXPECT_FALSE(has(rendered(lasting(none)), "DTEND")) << none;
}

TEST(CalendarRender, TellsTheZoneOfTheEndAlone) {
  MessageObject message = message_of(
      calendar(berlin + "BEGIN:VEVENT\nUID:z\nDTSTAMP:20240101T000000Z\nDTSTART:20240305T090000Z\n"
                                     "DTEND;TZID=Europe/Berlin:20240305T110000\nEND:VEVENT\n"));
  EXPECT_FALSE(message.properties.contains(PropertyName(lid::appointment_time_zone_definition_start_display)));
  const std::string text = rendered(message);
  EXPECT_TRUE(has(text, "DTSTART:20240305T090000Z\r\n")) << text;
  EXPECT_TRUE(has(text, "DTEND;TZID=W. Europe Standard Time:20240305T110000\r\n")) << text;
  EXPECT_TRUE(has(text, "BEGIN:VTIMEZONE\r\n")) << text;
  EXPECT_TRUE(message_of(text) == message) << text;
}

TEST(CalendarRender, StampsWhatHasNoTimes) {
  MessageObject message;
  message.properties.set(tag::subject, std::string("S"));
  for (const MessageKind kind : {MessageKind::appointment, MessageKind::task, MessageKind::journal})
    EXPECT_TRUE(has(rendered(message, kind), "\r\nDTSTAMP:19700101T000000Z\r\n")) << rendered(message, kind);
}

TEST(CalendarRender, DerivesUidAndStampFromTheObject) {
  MessageObject message;
  message.properties.set(tag::subject, std::string("S"));
  message.properties.set(tag::last_modification_time, SystemTime{116444736000000000u});
  const std::string once = rendered(message);
  EXPECT_EQ(once, rendered(message));
  EXPECT_TRUE(has(once, "DTSTAMP:19700101T000000Z\r\n"));
  EXPECT_TRUE(has(once, "\r\nUID:"));
  message.properties.set(tag::subject, std::string("T"));
  EXPECT_NE(once.substr(once.find("UID:"), 40), rendered(message).substr(rendered(message).find("UID:"), 40));
}

TEST(CalendarRender, ReportsWhatItCannotTell) {
  MessageObject message;
  message.properties.set(PropertyTag(0x6abc, PropertyType::long_integer), std::int32_t{1});
  const auto written = render_calendar(MessageKind::appointment, message);
  ASSERT_TRUE(written);
  EXPECT_TRUE(loses(written->losses, "0x6abc@LONG"));
}

}  // namespace
}  // namespace mapistore::conversion::calendar_render_test
