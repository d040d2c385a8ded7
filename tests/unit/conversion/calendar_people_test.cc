#include "calendar_test.h"

#include "core/conversion/mail_addresses.h"

namespace mapistore::conversion::calendar_people_test {
namespace {

const std::string& meeting() {
  static const std::string text = event(
      "DTSTAMP:20240301T000000Z\nDTSTART:20240305T090000Z\nDTEND:20240305T100000Z\n"
      "ORGANIZER;CN=Ann:mailto:ann@x.example\n"
      "ATTENDEE;CN=Joe;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;X-CALENDARSERVER-DTSTAMP=20240302T081500Z;RSVP=TRUE"
      ":mailto:joe@x.example\n"
      "ATTENDEE;CN=Eve;ROLE=OPT-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=FALSE:mailto:eve@x.example\n"
      "ATTENDEE;CN=Kim;ROLE=REQ-PARTICIPANT:mailto:kim@x.example\n");
  return text;
}

TEST(CalendarPeople, TellsForEachAttendeeWhetherAnAnswerIsAskedForAndWhenItCame) {
  const auto [message, losses] = read_text(meeting());
  ASSERT_EQ(message.recipients.size(), 4u);  // the organizer first
  EXPECT_TRUE(value<bool>(message.properties, tag::response_requested));
  EXPECT_TRUE(value<bool>(message.recipients[1], tag::response_requested));
  EXPECT_FALSE(value<bool>(message.recipients[2], tag::response_requested));
  EXPECT_FALSE(message.recipients[3].contains(tag::response_requested));
  EXPECT_EQ(value<std::int32_t>(message.recipients[1], tag::recipient_track_status), 3);
  EXPECT_EQ(utc(message.recipients[1], tag::recipient_track_status_time), "20240302T081500Z");
  EXPECT_EQ(value<std::int32_t>(message.recipients[2], tag::recipient_track_status), 5);
  EXPECT_FALSE(message.recipients[3].contains(tag::recipient_track_status));
  EXPECT_TRUE(losses.losses().empty()) << losses.text();
}

TEST(CalendarPeople, RendersWhatItReads) {
  const MessageObject message = message_of(meeting());
  EXPECT_TRUE(message_of(rendered(message)) == message) << rendered(message);
}

TEST(CalendarPeople, ReportsAReplyTimeOfNoZone) {
  const auto losses =
      read_text(event("DTSTART:20240305T090000Z\n"
                      "ATTENDEE;PARTSTAT=ACCEPTED;X-CALENDARSERVER-DTSTAMP=20240302T081500:mailto:joe@x.example\n"))
          .losses;
  EXPECT_TRUE(loses(losses, "ATTENDEE[1];X-CALENDARSERVER-DTSTAMP"));
}

TEST(CalendarPeople, AnAnswerChangesOneLine) {
  MessageObject wanted = message_of(meeting());
  wanted.recipients[3].set(tag::recipient_track_status, std::int32_t{4});
  wanted.recipients[3].set(tag::recipient_track_status_time, *to_system_time(as_utc(wall_time(222456600))));
  const std::string answered = calendar_text({wall_time(222456600), false, true});
  const std::string line =
      "ATTENDEE;CN=Kim;ROLE=REQ-PARTICIPANT;PARTSTAT=DECLINED;X-CALENDARSERVER-DTSTAMP=" + answered +
      ":mailto:kim@x.example";
  EXPECT_EQ(edited(meeting(), wanted),
            replaced(meeting(), "ATTENDEE;CN=Kim;ROLE=REQ-PARTICIPANT:mailto:kim@x.example\r\n",
                     codec::content_line(line, "\r\n")));
}

TEST(CalendarPeople, AsksAllIfNoRowSaysOtherwise) {
  MessageObject message;
  message.properties.set(tag::response_requested, true);
  for (const char* address : {"joe@x.example", "eve@x.example"})
    message.recipients.push_back(
        recipient_row(recipient_to, {.display_name = {}, .address = address, .group = {}}, message.recipients.size()));
  const std::string text = rendered(message);
  EXPECT_TRUE(has(text, "RSVP=TRUE:mailto:joe@x.example")) << text;
  EXPECT_TRUE(has(text, "RSVP=TRUE:mailto:eve@x.example")) << text;
  message.recipients[0].set(tag::response_requested, true);
  EXPECT_FALSE(has(rendered(message), "RSVP=TRUE:mailto:eve@x.example"));
  message.properties.set(tag::response_requested, false);
  EXPECT_FALSE(has(rendered(message), "RSVP=TRUE"));
}

TEST(CalendarPeople, TellsTheAnswerOfTheOwner) {
  const std::string text = event(
      "DTSTART:20240305T090000Z\nX-MICROSOFT-CDO-REPLYTIME:20240303T070000Z\n"
      "X-MAPISTORE-RESPONSE-STATUS:TENTATIVE\n");
  const auto [message, losses] = read_text(text);
  EXPECT_EQ(value<std::int32_t>(message.properties, PropertyName(lid::response_status)), 2);
  EXPECT_EQ(utc(message, lid::appointment_reply_time), "20240303T070000Z");
  EXPECT_TRUE(losses.losses().empty()) << losses.text();
  MessageObject wanted = message;
  wanted.properties.set(PropertyName(lid::response_status), std::int32_t{3});
  EXPECT_EQ(edited(text, wanted), replaced(text, "TENTATIVE", "ACCEPTED"));
  const std::string again = rendered(wanted);
  EXPECT_EQ(value<std::int32_t>(message_of(again).properties, PropertyName(lid::response_status)), 3);
  EXPECT_EQ(utc(message_of(again), lid::appointment_reply_time), "20240303T070000Z");
  EXPECT_TRUE(loses(read_text(event("X-MAPISTORE-RESPONSE-STATUS:MAYBE\n")).losses, "X-MAPISTORE-RESPONSE-STATUS"));
}

}  // namespace
}  // namespace mapistore::conversion::calendar_people_test
