#include "tests/unit/conversion/mail_test_support.h"

namespace mapistore::conversion::mail_meeting_test {
namespace {

std::string with_crlf(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return out;
}

std::string meeting_mail(std::string_view head, std::string_view method, std::string_view lines) {
  return with_crlf(std::string(head) + "Subject: Plan\nMIME-Version: 1.0\n" +
                   "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nCome!\n"
                   "--b\nContent-Type: text/calendar; charset=utf-8; method=" +
                   std::string(method) + "\n\nBEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nMETHOD:" + std::string(method) +
                   "\nBEGIN:VEVENT\nUID:u1\nDTSTAMP:20240301T000000Z\nDTSTART:20240305T090000Z\n"
                   "DTEND:20240305T100000Z\nSUMMARY:Plan\nX-KEPT:odd\n" +
                   std::string(lines) + "END:VEVENT\nEND:VCALENDAR\n--b--\n");
}

std::string request() {
  return meeting_mail("From: Ann <ann@x.example>\nTo: Joe <joe@x.example>\nCc: kim@x.example\n", "REQUEST",
                      "LOCATION:Room 4\nORGANIZER;CN=Ann:mailto:ann@x.example\n"
                      "ATTENDEE;CN=Joe;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:joe@x.example\n"
                      "ATTENDEE;ROLE=OPT-PARTICIPANT;PARTSTAT=ACCEPTED;X-CALENDARSERVER-DTSTAMP=20240302T000000Z"
                      ":mailto:KIM@x.example\n");
}

std::string answer() {
  return meeting_mail(
      "From: Joe <joe@x.example>\nTo: Ann <ann@x.example>\n", "REPLY",
      "ORGANIZER;CN=Ann:mailto:ann@x.example\nATTENDEE;CN=Joe;PARTSTAT=DECLINED:mailto:joe@x.example\n");
}

std::string class_of(const MessageObject& message) { return text_or_empty(message.properties, tag::message_class); }

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(MailMeeting, ARequestTellsOfTheAnswersOfThoseWhomTheHeaderNames) {
  const MessageObject message = read(request()).message;
  EXPECT_EQ(class_of(message), "IPM.Schedule.Meeting.Request");
  EXPECT_EQ(held_number(message.properties, lid::response_status), 5);
  EXPECT_EQ(text_or_empty(message.properties, tag::body), "Come!");
  ASSERT_EQ(message.recipients.size(), 2u);
  EXPECT_EQ(held_number(message.recipients[0], tag::recipient_track_status), 5);
  EXPECT_TRUE(is_true(message.recipients[0], tag::response_requested));
  EXPECT_EQ(held_number(message.recipients[1], tag::recipient_type), recipient_cc);
  EXPECT_EQ(held_number(message.recipients[1], tag::recipient_track_status), 3);
  EXPECT_TRUE(message.recipients[1].contains(tag::recipient_track_status_time));
}

TEST(MailMeeting, AnEditChangesTheCalendarsLineAlone) {
  const MessageObject current = read(request()).message;
  MessageObject wanted = current;
  set_text(wanted.properties, lid::location, "Room 5");
  EXPECT_EQ(edited(request(), current, wanted), replaced(request(), "LOCATION:Room 4", "LOCATION:Room 5"));
  wanted = current;
  wanted.recipients[0].set(tag::recipient_track_status, std::int32_t{2});
  const std::string text = edited(request(), current, wanted);
  EXPECT_TRUE(holds(text, "PARTSTAT=TENTATIVE")) << text;
  expect_same(wanted, read(text).message, "answered");
}

TEST(MailMeeting, AnEditOfTheSubjectChangesHeaderAndCalendar) {
  const MessageObject current = read(request()).message;
  MessageObject wanted = current;
  set_subject(wanted, "", "Plan B");
  EXPECT_EQ(
      edited(request(), current, wanted),
      replaced(replaced(request(), "Subject: Plan\r\n", "Subject: Plan B\r\n"), "SUMMARY:Plan", "SUMMARY:Plan B"));
}

TEST(MailMeeting, ChangesNothingForTheSame) {
  for (const std::string& mail : {request(), answer()}) {
    const MessageObject message = read(mail).message;
    EXPECT_EQ(edited(mail, message, message), mail);
  }
}

TEST(MailMeeting, AnAnswerSaysWhatItsAttendeeSays) {
  const MessageObject message = read(answer()).message;
  EXPECT_EQ(class_of(message), "IPM.Schedule.Meeting.Resp.Neg");
  EXPECT_EQ(held_number(message.properties, lid::response_status), 0);
  EXPECT_TRUE(message.properties.contains(PropertyName(lid::attendee_critical_change)));
  EXPECT_FALSE(message.properties.contains(PropertyName(lid::owner_critical_change)));
  EXPECT_EQ(mailbox_of(message.properties, sent_representing).address, "joe@x.example");
}

TEST(MailMeeting, AnEditOfAnAnswerKeepsItsOrganizer) {
  const MessageObject current = read(answer()).message;
  MessageObject wanted = current;
  set_text(wanted.properties, lid::location, "Elsewhere");
  set_address(wanted.properties, sent_representing, {.display_name = "J", .address = "j@x.example", .group = {}});
  const std::string text = edited(answer(), current, wanted);
  EXPECT_TRUE(holds(text, "ORGANIZER;CN=Ann:mailto:ann@x.example\r\n")) << text;
  EXPECT_TRUE(holds(text, "LOCATION:Elsewhere\r\n")) << text;
  EXPECT_TRUE(holds(text, "From: J <j@x.example>\r\n")) << text;
}

TEST(MailMeeting, RendersRequestsCancellationsAndAnswers) {
  for (const auto& [mail, method] : {std::pair(request(), "REQUEST"), std::pair(answer(), "REPLY"),
                                     std::pair(meeting_mail("From: ann@x.example\nTo: joe@x.example\n", "CANCEL",
                                                            "STATUS:CANCELLED\nORGANIZER:mailto:ann@x.example\n"),
                                               "CANCEL")}) {
    MessageObject message = read(mail).message;
    message.properties.erase(tag::transport_message_headers);
    const auto written = render_mail(message);
    ASSERT_TRUE(written) << written.error().to_string();
    const std::string text = bytes_of(written->bytes);
    EXPECT_TRUE(holds(text, std::string("METHOD:") + method + "\r\n")) << text;
    EXPECT_TRUE(holds(text, std::string("method=") + method)) << text;
    EXPECT_FALSE(holds(text, "X-MAPISTORE-RESPONSE-STATUS")) << text;
    EXPECT_TRUE(written->losses.losses().empty()) << method << written->losses.text();
    MessageObject again = read(text).message;
    expect_same(message, again, method);
  }
}

TEST(MailMeeting, ARenderedAnswerNamesTheOrganizerAndTheOneWhoAnswers) {
  const MessageObject message = read(answer()).message;
  const std::string text = rendered(message);
  EXPECT_TRUE(holds(text, "ORGANIZER;CN=Ann:mailto:ann@x.example\r\n")) << text;
  EXPECT_TRUE(holds(text, "ATTENDEE;CN=Joe;ROLE=REQ-PARTICIPANT;PARTSTAT=DECLINED:mailto:joe@x.example\r\n")) << text;
}

TEST(MailMeeting, OneWithoutEventIsAMailLikeOthers) {
  std::string mail = request();
  for (const char* line : {"BEGIN:VEVENT", "END:VEVENT"})
    mail = replaced(mail, line, std::string(line).replace(std::string(line).find("VEVENT"), 6, "VTODO"));
  const auto [message, losses] = read(mail);
  EXPECT_EQ(class_of(message), "IPM.Note");
  EXPECT_EQ(losses.text(), "dropped\ttext/calendar\thas no event\n");
  MessageObject wanted = message;
  set_subject(wanted, "", "Task");
  EXPECT_EQ(edited(mail, message, wanted), replaced(mail, "Subject: Plan", "Subject: Task"));
}

TEST(MailMeeting, OneTooLargeIsAMailLikeOthers) {
  const std::string mail =
      replaced(request(), "X-KEPT:odd\r\n", "X-KEPT:" + std::string(17 * 1024 * 1024, 'x') + "\r\n");
  const auto [message, losses] = read(mail);
  EXPECT_EQ(losses.text(), "dropped\ttext/calendar\tis too large\n");
  MessageObject wanted = message;
  set_subject(wanted, "", "Plan B");
  EXPECT_TRUE(edited(mail, message, wanted) == replaced(mail, "Subject: Plan", "Subject: Plan B"));
}

TEST(MailMeeting, DamagedOnesAreReadEditedAndRendered) {
  for (const std::string& whole : {request(), answer()}) {
    for (std::size_t at = whole.find("BEGIN:VCALENDAR"); at < whole.size(); at += 3) {
      for (const char c : {'\0', '\n', ':', ';', '9'}) {
        std::string bytes = whole;
        bytes[at] = c;
        const MessageObject message = read(bytes).message;
        EXPECT_EQ(edited(bytes, message, message), bytes);
        MessageObject wanted = message;
        wanted.properties.set(tag::subject, std::string("new"));
        wanted.properties.set(tag::normalized_subject, std::string("new"));
        EXPECT_EQ(text_or_empty(read(edited(bytes, message, wanted)).message.properties, tag::subject), "new");
        EXPECT_FALSE(rendered(message).empty());
      }
    }
  }
}

TEST(MailMeeting, ReportsAnAnswerThatAMailCannotHold) {
  MessageObject message = read(request()).message;
  message.properties.set(lid::response_status, std::int32_t{3});
  const auto written = render_mail(message);
  ASSERT_TRUE(written);
  EXPECT_EQ(written->losses.text(),
            "approximated\ttext/calendar: PidLidResponseStatus\tiCalendar tells it otherwise\n");
}

}  // namespace
}  // namespace mapistore::conversion::mail_meeting_test
