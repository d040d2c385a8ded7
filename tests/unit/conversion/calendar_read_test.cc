#include "calendar_test.h"

#include "core/codec/transfer.h"
#include "core/conversion/calendar_object_id.h"
#include "core/conversion/time_zone_definition.h"

namespace mapistore::conversion::calendar_read_test {
namespace {

using Strings = std::vector<std::string>;

TEST(CalendarRead, TellsAnEventInUtc) {
  const auto [message, losses] = read_text(event(
      "DTSTAMP:20240101T000000Z\nCREATED:20230101T000000Z\nLAST-MODIFIED:20230102T000000Z\nSEQUENCE:3\n"
      "DTSTART:20240305T090000Z\nDTEND:20240305T103000Z\nSUMMARY:Review\\, part 1\nLOCATION:Room 4\n"
      "DESCRIPTION:one\\ntwo\nX-ALT-DESC;FMTTYPE=text/html:<p>one</p>\nCLASS:PRIVATE\nPRIORITY:1\nTRANSP:OPAQUE\n"));
  const PropertyBag& bag = message.properties;
  EXPECT_EQ(value<std::string>(bag, tag::message_class), "IPM.Appointment");
  EXPECT_EQ(value<std::string>(bag, tag::subject), "Review, part 1");
  EXPECT_EQ(value<std::string>(bag, tag::body), "one\ntwo");
  EXPECT_EQ(value<Binary>(bag, tag::html).size(), 10u);
  EXPECT_EQ(value<std::string>(bag, PropertyName(lid::location)), "Room 4");
  EXPECT_EQ(utc(message, lid::appointment_start_whole), "20240305T090000Z");
  EXPECT_EQ(utc(message, lid::appointment_end_whole), "20240305T103000Z");
  EXPECT_EQ(value<std::int32_t>(bag, PropertyName(lid::appointment_duration)), 90);
  EXPECT_EQ(value<std::int32_t>(bag, PropertyName(lid::appointment_sequence)), 3);
  EXPECT_EQ(value<std::int32_t>(bag, tag::sensitivity), 2);
  EXPECT_TRUE(value<bool>(bag, PropertyName(lid::private_)));
  EXPECT_EQ(value<std::int32_t>(bag, tag::importance), 2);
  EXPECT_EQ(value<std::int32_t>(bag, PropertyName(lid::busy_status)), 2);
  EXPECT_EQ(uid_of(value<Binary>(bag, PropertyName(lid::clean_global_object_id))), "u1");
  EXPECT_EQ(utc(bag, tag::creation_time), "20230101T000000Z");
  EXPECT_EQ(utc(bag, tag::last_modification_time), "20230102T000000Z");
  EXPECT_EQ(utc(message, lid::owner_critical_change), "20240101T000000Z");
  EXPECT_TRUE(losses.losses().empty()) << losses.text();
}

TEST(CalendarRead, FollowsTheRulesOfTheZoneInTheFile) {
  const auto [message, losses] =
      read_text(calendar(berlin + "BEGIN:VEVENT\nUID:z\nDTSTART;TZID=\"Europe/Berlin\":20240705T090000\n"
                                               "DTEND;TZID=Europe/Berlin:20240705T100000\nEND:VEVENT\n"));
  EXPECT_EQ(utc(message, lid::appointment_start_whole), "20240705T070000Z");
  EXPECT_EQ(value<std::string>(message.properties, PropertyName(lid::time_zone_description)), "Europe/Berlin");
  const auto zone =
      decode_zone(value<Binary>(message.properties, PropertyName(lid::appointment_time_zone_definition_start_display)));
  ASSERT_TRUE(zone);
  EXPECT_EQ(zone->key_name, "W. Europe Standard Time");
  ASSERT_EQ(zone->periods.size(), 1u);
  EXPECT_EQ(zone->periods[0].bias, -60);
  EXPECT_EQ(zone->periods[0].daylight_bias, -60);
  EXPECT_EQ(zone->periods[0].to_daylight.day, 5);
  EXPECT_TRUE(losses.losses().empty()) << losses.text();
}

TEST(CalendarRead, TakesAnEndInAnotherZone) {
  const auto message =
      message_of(calendar(berlin + "BEGIN:VEVENT\nUID:z\nDTSTART;TZID=Europe/Berlin:"
                                                "20240105T090000\nDTEND:20240105T120000Z\nEND:VEVENT\n"));
  EXPECT_EQ(utc(message, lid::appointment_start_whole), "20240105T080000Z");
  EXPECT_EQ(utc(message, lid::appointment_end_whole), "20240105T120000Z");
}

TEST(CalendarRead, ReportsFloatingTimesAndUnknownZones) {
  const auto floating = read_text(event("DTSTART:20240305T090000\n"));
  EXPECT_TRUE(loses(floating.losses, "DTSTART"));
  EXPECT_EQ(utc(floating.message, lid::appointment_start_whole), "20240305T090000Z");
  const auto unknown = read_text(event("DTSTART;TZID=Mars/Olympus:20240305T090000\n"));
  EXPECT_TRUE(loses(unknown.losses, "DTSTART"));
  EXPECT_EQ(utc(unknown.message, lid::appointment_start_whole), "20240305T090000Z");
}

TEST(CalendarRead, TheFirstOfSeveralIsTheMessage) {
  for (const auto& [name, kind] : {std::pair("VEVENT", MessageKind::appointment), std::pair("VTODO", MessageKind::task),
                                   std::pair("VJOURNAL", MessageKind::journal)}) {
    const std::string begin = std::string("BEGIN:") + name + "\nUID:", end = std::string("END:") + name + "\n";
    const std::string text = calendar(begin + "1\nSUMMARY:one\n" + end + begin + "2\nSUMMARY:two\n" + end);
    const auto [message, losses] = read_text(text, kind);
    EXPECT_EQ(value<std::string>(message.properties, tag::subject), "one");
    EXPECT_TRUE(loses(losses, name)) << losses.text();
    MessageObject wanted = message;
    wanted.properties.set(tag::subject, std::string("1"));
    EXPECT_EQ(edited(text, wanted, kind), replaced(text, "SUMMARY:one", "SUMMARY:1"));
  }
}

TEST(CalendarRead, TellsAllDayEventsAsMidnightsOfTheCalendarsZone) {
  const auto utc_day = message_of(event("DTSTART;VALUE=DATE:20240305\n"));
  EXPECT_TRUE(value<bool>(utc_day.properties, PropertyName(lid::appointment_sub_type)));
  EXPECT_EQ(utc(utc_day, lid::appointment_end_whole), "20240306T000000Z");
  const auto berlin_day =
      message_of(calendar(berlin + "BEGIN:VEVENT\nUID:d\nDTSTART;VALUE=DATE:20240331\nEND:VEVENT\n"));
  EXPECT_EQ(utc(berlin_day, lid::appointment_start_whole), "20240330T230000Z");
  EXPECT_EQ(utc(berlin_day, lid::appointment_end_whole), "20240331T220000Z");
}

TEST(CalendarRead, AddsADurationInItsOwnUnit) {
  const auto message = message_of(event("DTSTART:20240305T090000Z\nDURATION:PT45M\n"));
  EXPECT_EQ(utc(message, lid::appointment_end_whole), "20240305T094500Z");
  EXPECT_EQ(value<std::int32_t>(message.properties, PropertyName(lid::appointment_duration)), 45);
}

TEST(CalendarRead, KeepsAttendeesOfStoredEvents) {
  const auto [message, losses] =
      read_text(event("DTSTART:20240305T090000Z\nORGANIZER;CN=Ann:mailto:ann@x.example\n"
                      "ATTENDEE;CN=\"Doe, Joe\";ROLE=OPT-PARTICIPANT;PARTSTAT=ACCEPTED;RSVP=TRUE:MAILTO:joe@x.example\n"
                      "ATTENDEE;CUTYPE=RESOURCE;DELEGATED-TO=\"mailto:x@y\":mailto:beamer@x.example\n"));
  ASSERT_EQ(message.recipients.size(), 3u);
  EXPECT_EQ(value<std::string>(message.properties, tag::sent_representing_email_address), "ann@x.example");
  EXPECT_EQ(value<std::int32_t>(message.recipients[0], tag::recipient_flags), 3);
  EXPECT_EQ(value<std::string>(message.recipients[1], tag::display_name), "Doe, Joe");
  EXPECT_EQ(value<std::int32_t>(message.recipients[1], tag::recipient_type), 2);
  EXPECT_EQ(value<std::int32_t>(message.recipients[1], tag::recipient_track_status), 3);
  EXPECT_EQ(value<std::int32_t>(message.recipients[2], tag::recipient_type), 3);
  EXPECT_TRUE(value<bool>(message.properties, tag::reply_requested));
  EXPECT_EQ(value<std::int32_t>(message.properties, PropertyName(lid::appointment_state_flags)), 1);
  EXPECT_TRUE(loses(losses, "ATTENDEE[2];DELEGATED-TO"));
}

TEST(CalendarRead, ReadsEveryCategoriesAndExdateLine) {
  const auto message = message_of(
      event("DTSTART:20240304T090000Z\nDTEND:20240304T100000Z\nRRULE:FREQ=DAILY;COUNT=9\nCATEGORIES:red,a\\,b\n"
            "CATEGORIES:blue\nEXDATE:20240305T090000Z\nEXDATE:20240306T090000Z,20240308T090000Z\n"));
  EXPECT_EQ(value<Strings>(message.properties, PropertyName(pname::keywords)), (Strings{"red", "a,b", "blue"}));
  EXPECT_EQ(recurrence(message).pattern.deleted.size(), 3u);
  EXPECT_EQ(recurrence(message).pattern.count, 9u);
}

TEST(CalendarRead, KeepsTheEventWhenItsRuleCannotBeTold) {
  const auto [message, losses] =
      read_text(event("DTSTART:20240304T090000Z\nSUMMARY:S\nRRULE:FREQ=YEARLY;BYWEEKNO=20\nRDATE:20250101T000000Z\n"));
  EXPECT_EQ(value<std::string>(message.properties, tag::subject), "S");
  EXPECT_FALSE(message.properties.contains(PropertyName(lid::appointment_recur)));
  EXPECT_TRUE(loses(losses, "RRULE"));
  EXPECT_TRUE(loses(losses, "RDATE"));
}

TEST(CalendarRead, AttachesOverriddenInstancesInAnyOrder) {
  const auto [message, losses] = read_text(
      calendar("BEGIN:VEVENT\nUID:s\nRECURRENCE-ID:20240306T090000Z\nDTSTART:20240306T110000Z\nDTEND:20240306T113000Z\n"
               "SUMMARY:Later\nEND:VEVENT\n"
               "BEGIN:VEVENT\nUID:s\nDTSTART:20240304T090000Z\nDTEND:20240304T093000Z\nSUMMARY:Daily\n"
               "RRULE:FREQ=DAILY\nEND:VEVENT\n"
               "BEGIN:VEVENT\nUID:other\nDTSTART:20240304T090000Z\nEND:VEVENT\n"));
  EXPECT_EQ(value<std::string>(message.properties, tag::subject), "Daily");
  const AppointmentRecurrence series = recurrence(message);
  ASSERT_EQ(series.exceptions.size(), 1u);
  EXPECT_EQ(series.exceptions[0].subject, "Later");
  EXPECT_EQ(series.exceptions[0].start - series.exceptions[0].original_start, 120u);
  EXPECT_EQ(series.pattern.modified.size(), 1u);
  EXPECT_EQ(series.pattern.deleted.size(), 1u);
  ASSERT_EQ(message.attachments.size(), 1u);
  EXPECT_EQ(value<std::int32_t>(message.attachments[0].properties, tag::attach_method), 5);
  ASSERT_NE(message.attachments[0].embedded, nullptr);
  EXPECT_EQ(utc(*message.attachments[0].embedded, lid::exception_replace_time), "20240306T090000Z");
  EXPECT_TRUE(loses(losses, "VEVENT"));
}

TEST(CalendarRead, TakesTheFirstAlarmThatItCanTell) {
  const auto [message, losses] =
      read_text(event("DTSTART:20240305T090000Z\nBEGIN:VALARM\nACTION:EMAIL\nTRIGGER:-PT1H\nEND:VALARM\n"
                      "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT15M\nEND:VALARM\n"));
  EXPECT_EQ(value<std::int32_t>(message.properties, PropertyName(lid::reminder_delta)), 15);
  EXPECT_EQ(utc(message, lid::reminder_signal_time), "20240305T084500Z");
  EXPECT_TRUE(loses(losses, "VALARM[1]"));
  EXPECT_FALSE(loses(losses, "VALARM[2]"));
}

TEST(CalendarRead, ReadsAttachments) {
  const auto message = message_of(event(
      "DTSTART:20240305T090000Z\nATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY;X-FILENAME=a.txt:aGVsbG8=\n"
      "ATTACH:https://x.example/a.pdf\n"));
  ASSERT_EQ(message.attachments.size(), 2u);
  EXPECT_EQ(value<Binary>(message.attachments[0].properties, tag::attach_data_binary).size(), 5u);
  EXPECT_EQ(value<std::string>(message.attachments[0].properties, tag::attach_long_filename), "a.txt");
  EXPECT_EQ(value<std::int32_t>(message.attachments[1].properties, tag::attach_method), 7);
}

TEST(CalendarRead, DoesNotHoldLargeAttachments) {
  std::string data;
  for (int i = 0; i < 300'000; ++i) data += static_cast<char>(i * 7 + i / 256);
  std::string line = "ATTACH;X-FILENAME=\"a:b\";ENCODING=BASE64;VALUE=BINARY:";
  line += codec::base64_of(data);
  const auto shown = [&](const std::string& text) {
    const MessageObject message = message_of(text);
    EXPECT_EQ(message.attachments.size(), 1u);
    if (message.attachments.empty()) return std::string{};
    const LargeValue large = value<LargeValue>(message.attachments[0].properties, tag::attach_data_binary);
    if (large.content == nullptr) return std::string{};
    EXPECT_EQ(*large.content->size(), data.size());
    return *large.content->text(1'000'000);
  };
  const std::string head = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20240305T090000Z\n";
  std::string folded = head;
  folded.append(codec::content_line(line, "\r\n")).append("END:VEVENT\nEND:VCALENDAR\n");
  EXPECT_TRUE(shown(folded) == data);
  EXPECT_TRUE(shown(head + line) == data);  // in one line, and the file ends in it
  const MessageObject message = message_of(folded);
  EXPECT_TRUE(message_of(rendered(message)).attachments == message.attachments);
}

TEST(CalendarRead, KeepsLongTextsWithTheirLineFeeds) {
  const std::string location = std::string(5000, 'x') + "\\nend";
  const auto message = message_of(event("DTSTART:20240305T090000Z\nLOCATION:" + location + "\n"));
  EXPECT_EQ(value<std::string>(message.properties, PropertyName(lid::location)), std::string(5000, 'x') + "\nend");
}

TEST(CalendarRead, TellsTentativeAndCancelled) {
  const auto tentative = message_of(event("DTSTART:20240305T090000Z\nSTATUS:TENTATIVE\n"));
  EXPECT_EQ(value<std::int32_t>(tentative.properties, PropertyName(lid::busy_status)), 1);
  const auto cancelled = message_of(event("DTSTART:20240305T090000Z\nSTATUS:CANCELLED\n"));
  EXPECT_EQ(value<std::int32_t>(cancelled.properties, PropertyName(lid::appointment_state_flags)), 4);
  const auto away = message_of(event("DTSTART:20240305T090000Z\nX-MICROSOFT-CDO-BUSYSTATUS:OOF\n"));
  EXPECT_EQ(value<std::int32_t>(away.properties, PropertyName(lid::busy_status)), 3);
}

TEST(CalendarRead, ReportsWhatHasNoProperty) {
  const auto losses = read_text(event("DTSTART:20240305T090000Z\nGEO:1;2\nX-FOO:bar\nSUMMARY;LANGUAGE=de:S\n")).losses;
  EXPECT_TRUE(loses(losses, "GEO"));
  EXPECT_TRUE(loses(losses, "X-FOO"));
  EXPECT_TRUE(loses(losses, "SUMMARY;LANGUAGE"));
}

TEST(CalendarRead, SurvivesFoldsInACharacterAndNoFinalLineEnd) {
  const auto message = message_of("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:J\xC3\n \xB6rg\nDTSTART:16010101T000000Z");
  EXPECT_EQ(value<std::string>(message.properties, tag::subject), "J\xC3\xB6rg");
  EXPECT_EQ(value<SystemTime>(message.properties, PropertyName(lid::appointment_start_whole)), SystemTime{0});
}

}  // namespace
}  // namespace mapistore::conversion::calendar_read_test
