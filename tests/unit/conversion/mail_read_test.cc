#include "core/properties/system_time.h"
#include "tests/unit/conversion/mail_test_support.h"

namespace mapistore::conversion::mail_read_test {
namespace {

std::string text(const PropertyBag& bag, const PropertyId& id) { return text_or_empty(bag, id); }

TEST(MailRead, HeaderFields) {
  const auto read_back = read(
      "Received: from b by c; Tue, 05 Mar 2024 09:00:05 +0000\r\n"
      "Received: from a by b; Tue, 05 Mar 2024 09:00:01 +0000\r\n"
      "From: \"Ann B.\" <ann@example.org>\r\nSender: <bot@example.org>\r\n"
      "To: Bob <bob@example.org>, c@example.org\r\nCc: d@example.org\r\n"
      "Reply-To: list@example.org\r\nDate: Tue, 5 Mar 2024 10:00:00 +0100 (CET)\r\n"
      "Subject: AW: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <1@example.org>\r\nIn-Reply-To: <0@example.org>\r\n"
      "References: <a@x> <0@example.org>\r\nImportance: high\r\nSensitivity: Private\r\n"
      "Keywords: \"red, blue\", green\r\nX-Mailer: Pen 1\r\nX-Twice: one\r\nX-Twice: two\r\n"
      "Content-Language: de-AT\r\nX-Auto-Response-Suppress: OOF, DR\r\nX-Message-Flag: Call\r\n\r\nHello\r\n");
  const PropertyBag& bag = read_back.message.properties;
  EXPECT_EQ(text(bag, tag::sent_representing_name), "Ann B.");
  EXPECT_EQ(text(bag, tag::sent_representing_smtp_address), "ann@example.org");
  EXPECT_EQ(text(bag, tag::sender_email_address), "bot@example.org");
  ASSERT_EQ(read_back.message.recipients.size(), 3u);
  EXPECT_EQ(text(read_back.message.recipients[0], tag::display_name), "Bob");
  EXPECT_EQ(text(read_back.message.recipients[1], tag::display_name), "c@example.org");
  EXPECT_EQ(recipient_type(read_back.message.recipients[2]), recipient_cc);
  ASSERT_EQ(reply_to(bag).size(), 1u);
  EXPECT_EQ(reply_to(bag).front().address, "list@example.org");
  EXPECT_EQ(mail_date(*held_time(*bag.get<SystemTime>(tag::client_submit_time))), "Tue, 05 Mar 2024 09:00:00 +0000");
  EXPECT_EQ(mail_date(*held_time(*bag.get<SystemTime>(tag::message_delivery_time))), "Tue, 05 Mar 2024 09:00:05 +0000");
  EXPECT_EQ(text(bag, tag::subject), "AW: Grüße");
  EXPECT_EQ(text(bag, tag::subject_prefix), "AW: ");
  EXPECT_EQ(text(bag, tag::normalized_subject), "Grüße");
  EXPECT_EQ(text(bag, tag::internet_references), "<a@x> <0@example.org>");
  EXPECT_EQ(held_number(bag, tag::importance), 2);
  EXPECT_EQ(held_number(bag, tag::sensitivity), 2);
  EXPECT_EQ(*bag.get<std::vector<std::string>>(pname::keywords), (std::vector<std::string>{"red, blue", "green"}));
  EXPECT_EQ(text(bag, PropertyName{property_set::ps_internet_headers, "x-mailer"}), "Pen 1");
  EXPECT_EQ(text(bag, PropertyName{property_set::ps_internet_headers, "x-twice"}), "one");
  EXPECT_EQ(held_number(bag, tag::message_locale_id), 0x0c07);
  EXPECT_EQ(held_number(bag, tag::auto_response_suppress), 0x11);
  EXPECT_EQ(text(bag, lid::flag_request), "Call");
  EXPECT_EQ(text(bag, lid::to_do_title), "Grüße");
  EXPECT_EQ(text(bag, tag::body), "Hello\r\n");
  EXPECT_FALSE(bag.contains(tag::html));
  EXPECT_NE(read_back.losses.text().find("X-Twice"), std::string::npos);
  EXPECT_NE(read_back.losses.text().find("Date"), std::string::npos);
}

TEST(MailRead, KeywordsAreUtf8WhateverTheirBytesAre) {
  const auto keywords = [](const char* field) {
    return *read(field).message.properties.get<std::vector<std::string>>(pname::keywords);
  };
  EXPECT_EQ(keywords("Keywords: \"gr\xfcn, blau\", gr\xfcn\r\n\r\n"), (std::vector<std::string>{"grün, blau", "grün"}));
  EXPECT_EQ(keywords("Keywords: \"grün\", =?utf-8?q?d\": \xd1\x9b\xc6\r\n\r\n").front(), "grün");
  EXPECT_EQ(keywords("Keywords: \"\\\xfc\"\r\n\r\n"), (std::vector<std::string>{"ü"}));
}

TEST(MailRead, TellsGroupsAsMembersAndReportsThem) {
  const auto read_back = read("To: team: a@example.org, b@example.org;\r\n\r\n");
  EXPECT_EQ(read_back.message.recipients.size(), 2u);
  EXPECT_NE(read_back.losses.text().find("To"), std::string::npos);
}

TEST(MailRead, TellsTheFirstOfRepeatedFieldsAndReportsTheOthers) {
  const auto [message, losses] =
      read("Subject: one\r\nFrom: a@example.org\r\nSubject: two\r\nFrom: b@example.org\r\nMessage-ID:\r\n\r\nx");
  EXPECT_EQ(text(message.properties, tag::subject), "one");
  EXPECT_EQ(text(message.properties, tag::sent_representing_email_address), "a@example.org");
  EXPECT_EQ(losses.text(),
            "approximated\tSubject\tis repeated: the first one is told\n"
            "approximated\tFrom\tis repeated: the first one is told\n");
  EXPECT_TRUE(rendered(message).contains("Subject: one\r\nFrom: a@example.org\r\nSubject: two\r\n"));
}

TEST(MailRead, AnEmptyMessageIdIsNone) {
  const MessageObject message = read("Message-ID: \r\nIn-Reply-To:\r\nSubject: x\r\n\r\nHello").message;
  EXPECT_EQ(text(message.properties, tag::internet_message_id), "");
  expect_same(message, read(rendered(message)).message, "empty fields");
}

TEST(MailRead, BodiesAndAttachments) {
  const auto message = read(
                           "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n"
                           "Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\n\r\nplain\r\n--a\r\n"
                           "Content-Type: multipart/related; boundary=r\r\n\r\n--r\r\nContent-Type: text/html; "
                           "charset=iso-8859-1\r\n\r\n"
                           "<p>\xe4</p>\r\n--r\r\nContent-Type: image/png\r\nContent-ID: "
                           "<i@x>\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                           "AAEC\r\n--r--\r\n--a--\r\n--m\r\nContent-Type: application/pdf\r\n"
                           "Content-Disposition: attachment; filename=\"a b.pdf\"; creation-date=\"Tue, 05 Mar 2024 "
                           "09:00:00 +0000\"\r\n\r\n"
                           "PDF\r\n--m\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nReceived: ; 5 Mar 2024 "
                           "08:00:00 +0000\r\n\r\n"
                           "deep\r\n--m--\r\n")
                           .message;
  EXPECT_EQ(text(message.properties, tag::body), "plain");
  EXPECT_EQ(held_bytes(message.properties, tag::html), "<p>\xe4</p>");
  EXPECT_EQ(held_number(message.properties, tag::internet_codepage), 28591);
  EXPECT_EQ(held_number(message.properties, tag::native_body), 3);
  ASSERT_EQ(message.attachments.size(), 3u);
  EXPECT_TRUE(is_true(message.attachments[0].properties, tag::attachment_hidden));
  EXPECT_EQ(held_bytes(message.attachments[0].properties, tag::attach_data_binary), std::string("\0\1\2", 3));
  EXPECT_EQ(text(message.attachments[1].properties, tag::attach_long_filename), "a b.pdf");
  EXPECT_EQ(text(message.attachments[1].properties, tag::attach_extension), ".pdf");
  EXPECT_TRUE(message.attachments[1].properties.contains(tag::creation_time));
  ASSERT_NE(message.attachments[2].embedded, nullptr);
  EXPECT_EQ(text(message.attachments[2].embedded->properties, tag::subject), "inner");
  EXPECT_TRUE(message.attachments[2].embedded->properties.contains(tag::message_delivery_time));
}

TEST(MailRead, FollowsMessagesDeeperThanOthers) {
  std::string bytes;
  for (int depth = 0; depth < 20; ++depth) bytes += "Subject: s\r\nContent-Type: message/rfc822\r\n\r\n";
  MessageObject message = read(bytes + "Subject: last\r\n\r\nend").message;
  int depth = 0;
  while (!message.attachments.empty() && message.attachments.front().embedded) {
    message = MessageObject(*message.attachments.front().embedded);
    ++depth;
  }
  EXPECT_EQ(depth, 20);
  EXPECT_EQ(text(message.properties, tag::subject), "last");
}

TEST(MailRead, KeepsSignedContentVerbatim) {
  const std::string body =
      "--s\r\nContent-Type: text/plain\r\n\r\nsigned  \r\n--s\r\nContent-Type: "
      "application/pkcs7-signature\r\n\r\nx\r\n--s--\r\n";
  const std::string type = "Content-Type: multipart/signed; boundary=s; protocol=\"application/pkcs7-signature\"";
  const MessageObject message = read("Subject: s\r\n" + type + "\r\n\r\n" + body).message;
  EXPECT_EQ(text(message.properties, tag::message_class), "IPM.Note.SMIME.MultipartSigned");
  ASSERT_EQ(message.attachments.size(), 1u);
  EXPECT_EQ(held_bytes(message.attachments[0].properties, tag::attach_data_binary), type + "\r\n\r\n" + body);
  EXPECT_EQ(text(message.properties, tag::body), "signed  ");
  EXPECT_NE(rendered(message).find(type + "\r\n\r\n" + body), std::string::npos);
}

TEST(MailRead, DeliveryReport) {
  const MessageObject message =
      read(
          "To: ann@example.org\r\nContent-Type: multipart/report; report-type=delivery-status; "
          "boundary=r\r\n\r\n--r\r\n\r\n"
          "Sorry\r\n--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; m.example.org\r\n\r\n"
          "Final-Recipient: rfc822; bob@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n"
          "Diagnostic-Code: smtp; 550 no such user\r\n\r\n--r--\r\n")
          .message;
  EXPECT_EQ(text(message.properties, tag::message_class), "REPORT.IPM.Note.NDR");
  ASSERT_EQ(message.recipients.size(), 2u);
  EXPECT_EQ(text(message.recipients[1], tag::smtp_address), "bob@example.org");
  EXPECT_EQ(held_number(message.recipients[1], tag::non_delivery_report_status_code), 511);
  EXPECT_EQ(text(message.recipients[1], tag::supplementary_info), "smtp; 550 no such user");
  expect_same(message, read(rendered(message)).message, "report");
}

TEST(MailRead, ReceiptOfAReader) {
  for (const auto& [disposition, name] :
       {std::pair("displayed", "REPORT.IPM.Note.IPNRN"), std::pair("deleted", "REPORT.IPM.Note.IPNNRN")}) {
    const MessageObject message =
        read(
            "To: ann@example.org\r\nContent-Type: multipart/report; report-type=disposition-notification; "
            "boundary=r\r\n\r\n--r\r\n\r\nRead\r\n--r\r\nContent-Type: message/disposition-notification\r\n\r\n"
            "Final-Recipient: rfc822; bob@example.org\r\n"
            "Disposition: manual-action/MDN-sent-manually; " +
            std::string(disposition) + "\r\n\r\n--r--\r\n")
            .message;
    EXPECT_EQ(text(message.properties, tag::message_class), name);
    expect_same(message, read(rendered(message)).message, name);
  }
}

TEST(MailRead, MeetingRequest) {
  const MessageObject message =
      read(
          "From: ann@example.org\r\nSubject: Plan\r\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n"
          "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:"
          "20240301T000000Z\r\n"
          "DTSTART:20240305T090000Z\r\nDTEND:20240305T100000Z\r\nSUMMARY:Other\r\nLOCATION:Room 4\r\nEND:VEVENT\r\n"
          "END:VCALENDAR\r\n")
          .message;
  EXPECT_EQ(text(message.properties, tag::message_class), "IPM.Schedule.Meeting.Request");
  EXPECT_EQ(text(message.properties, lid::location), "Room 4");
  EXPECT_EQ(text(message.properties, tag::subject), "Plan");
}

TEST(MailRead, UuencodedFilesInPlainText) {
  const MessageObject message =
      read("Subject: u\r\n\r\nbefore\r\nbegin 644 a.txt\r\n#86)C\r\n`\r\nend\r\nafter\r\n").message;
  EXPECT_EQ(text(message.properties, tag::body), "before\r\nafter\r\n");
  ASSERT_EQ(message.attachments.size(), 1u);
  EXPECT_EQ(held_bytes(message.attachments[0].properties, tag::attach_data_binary), "abc");
}

TEST(MailRead, LargeAttachmentsAreNotHeld) {
  std::string data(300'000, 'A');
  const MessageObject message =
      read("Content-Type: application/x; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\n" + data).message;
  ASSERT_EQ(message.attachments.size(), 1u);
  const auto* value = message.attachments[0].properties.get<LargeValue>(tag::attach_data_binary);
  ASSERT_NE(value, nullptr);
  EXPECT_EQ(*value->content->size(), 225'000u);
}

TEST(MailRead, ManyNamedFieldsAreBounded) {
  std::string header;
  for (int i = 0; i < 1500; ++i) header += "X-F" + std::to_string(i) + ": v\r\n";
  const auto read_back = read(header + "\r\n");
  EXPECT_LT(read_back.message.properties.size(), 1010u);
  EXPECT_FALSE(read_back.losses.losses().empty());
}

}  // namespace
}  // namespace mapistore::conversion::mail_read_test
