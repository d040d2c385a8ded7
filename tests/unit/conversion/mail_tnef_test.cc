#include "core/codec/transfer.h"
#include "tests/unit/conversion/mail_test_support.h"
#include "tests/unit/conversion/tnef_builder.h"

namespace mapistore::conversion::mail_tnef_test {
namespace {

/// A mail as Exchange sends it to the Internet, with `winmail` beside a text.
std::string mail_with(std::string_view winmail) {
  return "From: Ann <ann@example.org>\r\nTo: Joe <joe@example.org>\r\nSubject: From the header\r\nMIME-Version: 1.0\r\n"
         "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
         "--b\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nThe plain text\r\n"
         "--b\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\n"
         "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=winmail.dat\r\n\r\n" +
         codec::base64_of(winmail) +
         "\r\n--b\r\nContent-Type: text/csv; name=beside.csv\r\nContent-Disposition: "
         "attachment\r\n\r\na,b\r\n--b--\r\n";
}

std::string rich() {
  const std::string properties =
      list_of({text16(0x001a, u"IPM.Note"), text16(0x0e1d, u"From Exchange"), text16(0x1000, u"The rich text"),
               long_number(0x0036, 2), long_number(0x6abc, 7)});
  const std::string attached =
      rendering(1, -1) + of_attachment(0x00018010, std::string("report.pdf\0", 11)) + of_attachment(0x0006800f, "PDF") +
      of_attachment(0x00069005, list_of({text16(0x3707, u"the report.pdf"), text16(0x370e, u"application/pdf")}));
  return tnef(code_page(1252) + of_message(0x00069003, properties) + attached);
}

TEST(MailTnef, PropertiesAndBodyOfTheBlobAreThoseOfTheMail) {
  const auto [message, losses] = read(mail_with(rich()));
  const PropertyBag& bag = message.properties;
  EXPECT_EQ(text_or_empty(bag, tag::body), "The rich text");
  EXPECT_EQ(text_or_empty(bag, tag::normalized_subject), "From Exchange");
  EXPECT_EQ(text_or_empty(bag, tag::subject), "From the header");
  EXPECT_EQ(held_number(bag, tag::sensitivity), 2);
  EXPECT_EQ(held_number(bag, PropertyTag(0x6abc, PropertyType::long_integer)), 7);
  EXPECT_EQ(text_or_empty(bag, tag::message_class), "IPM.Note");
  EXPECT_TRUE(losses.losses().empty()) << losses.text();
}

TEST(MailTnef, RecipientsAreThoseOfTheHeader) {
  const MessageObject message = read(mail_with(rich())).message;
  ASSERT_EQ(message.recipients.size(), 1u);
  EXPECT_EQ(text_or_empty(message.recipients[0], tag::smtp_address), "joe@example.org");
  EXPECT_EQ(mailbox_of(message.properties, sent_representing).address, "ann@example.org");
}

TEST(MailTnef, ItsAttachmentsStandBehindThoseOfTheMail) {
  const MessageObject message = read(mail_with(rich())).message;
  ASSERT_EQ(message.attachments.size(), 2u);  // winmail.dat is none itself
  EXPECT_EQ(text_or_empty(message.attachments[0].properties, tag::attach_long_filename), "beside.csv");
  const PropertyBag& inside = message.attachments[1].properties;
  EXPECT_EQ(held_number(inside, tag::attach_number), 1);
  EXPECT_EQ(text_or_empty(inside, tag::attach_long_filename), "the report.pdf");
  EXPECT_EQ(text_or_empty(inside, tag::attach_mime_tag), "application/pdf");
  EXPECT_EQ(held_bytes(inside, tag::attach_data_binary), "PDF");
}

TEST(MailTnef, ADamagedBlobIsReportedAndTheMailIsRead) {
  const auto [message, losses] = read(mail_with("no tnef at all"));
  EXPECT_EQ(text_or_empty(message.properties, tag::body), "The plain text");
  ASSERT_EQ(losses.losses().size(), 1u);
  EXPECT_EQ(losses.losses()[0].field, "application/ms-tnef");
  EXPECT_EQ(losses.losses()[0].fidelity, Fidelity::dropped);
}

TEST(MailTnef, AnEditOfTheHeaderKeepsTheBlob) {
  const std::string mail = mail_with(rich());
  const MessageObject current = read(mail).message;
  MessageObject wanted = current;
  wanted.recipients[0] = recipient_row(recipient_to, {.display_name = {}, .address = "x@example.org", .group = {}}, 0);
  std::string expected = mail;
  expected.replace(expected.find("Joe <joe@example.org>"), 21, "x@example.org");
  EXPECT_EQ(edited(mail, current, wanted), expected);
}

TEST(MailTnef, RenderedAsMailItNeedsNoBlob) {
  MessageObject message = read(mail_with(rich())).message;
  set_subject(message, "", "From Exchange");
  const std::string text = rendered(message);
  EXPECT_EQ(text.find("ms-tnef"), std::string::npos);
  const MessageObject again = read(text).message;
  EXPECT_EQ(text_or_empty(again.properties, tag::body), "The rich text");
  ASSERT_EQ(again.attachments.size(), 2u);
  EXPECT_EQ(held_bytes(again.attachments[1].properties, tag::attach_data_binary), "PDF");
}

}  // namespace
}  // namespace mapistore::conversion::mail_tnef_test
