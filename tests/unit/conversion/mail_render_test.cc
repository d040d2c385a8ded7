#include "core/properties/system_time.h"
#include "tests/unit/conversion/mail_test_support.h"

namespace mapistore::conversion::mail_render_test {
namespace {

mime::Mailbox mailbox(std::string name, std::string address) {
  return {.display_name = std::move(name), .address = std::move(address), .group = {}};
}

SystemTime at(std::int64_t seconds) { return mapistore::to_system_time(Time(std::chrono::seconds(seconds))); }

MessageObject note(std::string_view subject) {
  MessageObject message;
  message.properties.set(tag::message_class, std::string("IPM.Note"));
  set_subject(message, "", subject);
  set_address(message.properties, sent_representing, mailbox("Ann", "ann@example.org"));
  set_address(message.properties, sender, mailbox("Ann", "ann@example.org"));
  // Mail without any content has an empty text.
  message.properties.set(tag::body, std::string());
  message.properties.set(tag::native_body, std::int32_t{1});
  return message;
}

void set_body(MessageObject& message, std::string text, std::int32_t code_page = 65001) {
  message.properties.set(tag::native_body, std::int32_t{1});
  message.properties.set(tag::internet_codepage, code_page);
  set_text(message.properties, tag::body, std::move(text));
}

void set_html(MessageObject& message, std::string_view html) {
  set_bytes(message.properties, tag::html, html);
  message.properties.set(tag::native_body, std::int32_t{3});
  message.properties.set(tag::internet_codepage, std::int32_t{65001});
}

void attach(MessageObject& message, std::string name, std::string_view data, std::string type) {
  Attachment attachment;
  PropertyBag& bag = attachment.properties;
  bag.set(tag::attach_number, static_cast<std::int32_t>(message.attachments.size()));
  bag.set(tag::rendering_position, std::int32_t{-1});
  bag.set(tag::attach_method, std::int32_t{1});
  bag.set(tag::attach_mime_tag, std::move(type));
  bag.set(tag::attach_long_filename, name);
  if (const std::size_t dot = name.rfind('.'); dot != std::string::npos)
    bag.set(tag::attach_extension, name.substr(dot));
  bag.set(tag::display_name, name);
  set_bytes(bag, tag::attach_data_binary, data);
  message.attachments.push_back(std::move(attachment));
}

void expect_round_trip(const MessageObject& message, const std::string& where) {
  const std::string bytes = rendered(message);
  EXPECT_EQ(bytes, rendered(message)) << where;
  expect_same(message, read(bytes).message, where);
}

TEST(MailRender, EverySubjectReadsBack) {
  const std::string long_text(3000, 'x');
  for (const std::string& subject :
       {std::string("plain"), std::string("two  blanks, three   more"), std::string("Grüße: ☃ 𝄞"), long_text,
        std::string("=?utf-8?q?literal?="), std::string("a \"quote\" \\ and <angle>"), std::string(300, 'y') + "ä"})
    expect_round_trip(note(subject), subject.substr(0, 30));
}

TEST(MailRender, HeaderPropertiesReadBack) {
  MessageObject message = note("x");
  PropertyBag& bag = message.properties;
  set_subject(message, "Re: ", "x");
  set_address(bag, sender, mailbox("Bot, the", "bot@example.org"));
  for (const auto& [type, box] :
       {std::pair(recipient_to, mailbox("Zoë (x), \"y\"", "zoe@example.org")),
        std::pair(recipient_cc, mailbox("", "c@example.org")), std::pair(recipient_bcc, mailbox("B", "b@example.org"))})
    message.recipients.push_back(recipient_row(type, box, message.recipients.size()));
  set_reply_to(bag, {mailbox("R; S", "r@example.org"), mailbox("", "s@example.org")});
  bag.set(tag::client_submit_time, at(1'709'629'200));
  bag.set(tag::message_delivery_time, at(1'709'629'260));
  bag.set(tag::reply_time, at(1'709'700'000));
  bag.set(tag::expiry_time, at(1'709'800'000));
  bag.set(tag::deferred_send_time, at(1'709'600'000));
  bag.set(tag::internet_message_id, std::string("<1@example.org>"));
  bag.set(tag::in_reply_to_id, std::string("<0@example.org>"));
  bag.set(tag::internet_references, std::string("<a@example.org> <0@example.org>"));
  bag.set(tag::conversation_topic, std::string("x"));
  set_bytes(bag, tag::conversation_index, std::string("\x01\xd8\xff\x00\x10", 5));
  bag.set(tag::importance, std::int32_t{2});
  bag.set(tag::priority, std::int32_t{1});
  bag.set(tag::sensitivity, std::int32_t{3});
  bag.set(pname::keywords, std::vector<std::string>{"red, blue", "grün", "plain", "a \"b\" \\", "ä, ö"});
  bag.set(tag::read_receipt_requested, true);
  bag.set(tag::non_receipt_notification_requested, true);
  set_address(bag, read_receipt, mailbox("Ann", "ann@example.org"));
  bag.set(tag::originator_delivery_report_requested, true);
  bag.set(tag::list_unsubscribe, std::string("<mailto:u@example.org>"));
  bag.set(tag::message_locale_id, std::int32_t{0x0409});
  bag.set(tag::auto_response_suppress, std::int32_t{0x21});
  bag.set(PropertyName{property_set::ps_internet_headers, "x-mailer"}, std::string("Pen ü"));
  bag.set(PropertyName{property_set::ps_internet_headers, "user-agent"}, std::string("a/1 (b)"));
  expect_round_trip(message, "header");
}

TEST(MailRender, EveryShapeOfBodyReadsBack) {
  for (const std::string& text :
       {std::string("hello\r\n"), std::string("no end"), std::string(""), std::string("-- \r\nAnn\r\n"),
        std::string("Grüße\r\n\r\n"), std::string("trailing \t\r\nblank "), std::string("mixed\nline\r\nends\r"),
        std::string(2000, 'x') + "\r\n", std::string(200'000, 'y') + "\r\n", std::string("--boundary\r\n")}) {
    MessageObject message = note("body");
    set_body(message, text);
    expect_round_trip(message, "text " + text.substr(0, 12));
    set_html(message, "<p>" + text + "</p>\n");
    expect_round_trip(message, "both " + text.substr(0, 12));
    message.properties.erase(tag::body);
    expect_round_trip(message, "html " + text.substr(0, 12));
    attach(message, "ä b.pdf", std::string("\0\xff\r\n", 4), "application/pdf");
    attach(message, "big", std::string(100'000, '\x80'), "application/octet-stream");
    expect_round_trip(message, "attached " + text.substr(0, 12));
  }
}

TEST(MailRender, KeepsTheCodePageThatCanTellTheText) {
  MessageObject message = note("x");
  set_body(message, "Привет\r\n", 20866);
  expect_round_trip(message, "koi8-r");
  EXPECT_NE(rendered(message).find("koi8-r"), std::string::npos);
}

TEST(MailRender, ShownAndEmbeddedAttachmentsReadBack) {
  MessageObject message = note("outer");
  set_html(message, "<img src=cid:i>");
  attach(message, "i.png", "PNG", "image/png");
  message.attachments[0].properties.set(tag::attach_content_id, std::string("i"));
  message.attachments[0].properties.set(tag::attach_flags, std::int32_t{4});
  message.attachments[0].properties.set(tag::attachment_hidden, true);
  message.properties.set(lid::smart_no_attach, true);
  expect_round_trip(message, "related");
  message.properties.erase(lid::smart_no_attach);
  Attachment inner;
  MessageObject embedded = note("inner");
  set_body(embedded, "deep\r\n");
  embedded.properties.set(tag::message_delivery_time, at(1'709'629'260));
  inner.properties.set(tag::attach_number, std::int32_t{1});
  inner.properties.set(tag::rendering_position, std::int32_t{-1});
  inner.properties.set(tag::attach_method, std::int32_t{5});
  inner.properties.set(tag::attach_mime_tag, std::string("message/rfc822"));
  inner.properties.set(tag::display_name, std::string("inner"));
  inner.embedded = std::make_shared<const MessageObject>(embedded);
  message.attachments.push_back(inner);
  const MessageObject again = read(rendered(message)).message;
  ASSERT_EQ(again.attachments.size(), 2u);
  ASSERT_NE(again.attachments[1].embedded, nullptr);
  expect_same(embedded, *again.attachments[1].embedded, "embedded");
}

// What the best of the existing converters loses.

TEST(MailRender, PlainMailStaysPlain) {
  MessageObject message = note("x");
  set_body(message, "text\r\n");
  EXPECT_EQ(rendered(message).find("multipart"), std::string::npos);
  EXPECT_EQ(rendered(message).find("text/html"), std::string::npos);
}

TEST(MailRender, AddsNothingThatWasNotSaid) {
  MessageObject message = note("x");
  message.properties.set(tag::importance, std::int32_t{1});
  message.properties.set(tag::sensitivity, std::int32_t{0});
  const std::string bytes = rendered(message);
  for (const std::string_view name : {"Importance", "Sensitivity", "X-Mailer", "Date:", "Message-ID"})
    EXPECT_EQ(bytes.find(name), std::string::npos) << name;
}

TEST(MailRender, KeepsTheHeaderThatAMessageCameWith) {
  const std::string header =
      "Return-Path: <a@example.org>\r\nReceived: from b; Tue, 5 Mar 2024 10:00:00 +0100\r\n"
      "DKIM-Signature: v=1; h=from; b=x\r\nARC-Seal: i=1\r\nX-Twice: one\r\nX-Twice: two\r\n"
      "To: team: a@example.org, b@example.org;\r\nDate: Tue, 5 Mar 2024 10:00:00 +0100 (CET)\r\n"
      "Subject: as it\r\n\t stands\r\n";
  EXPECT_TRUE(rendered(read(header + "\r\nHello\r\n").message).starts_with(header));
}

TEST(MailRender, LongSubjectsAreNotCut) {
  const MessageObject message = note(std::string(1000, 's'));
  EXPECT_EQ(text_or_empty(read(rendered(message)).message.properties, tag::subject).size(), 1000u);
}

TEST(MailRender, ReportsWhatAMailDoesNotTell) {
  MessageObject message = note("x");
  message.properties.set(PropertyTag(0x6abc, PropertyType::unicode), std::string("own"));
  message.properties.set(lid::billing, std::string("b"));
  const auto written = render_mail(message);
  ASSERT_TRUE(written);
  EXPECT_NE(written->losses.text().find("PidLidBilling"), std::string::npos);
}

}  // namespace
}  // namespace mapistore::conversion::mail_render_test
