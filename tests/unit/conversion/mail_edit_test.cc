#include "tests/unit/conversion/mail_test_support.h"

namespace mapistore::conversion::mail_edit_test {
namespace {

const std::string mixed_mail =
    "From: ann@example.org\r\nTo: b@example.org\r\nSubject: old\r\nX-Odd:   kept  \r\n"
    "Content-Type: multipart/mixed; boundary=m\r\n\r\npreamble\r\n--m\r\nContent-Type: text/plain; "
    "charset=iso-8859-1\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\ngr=FC=DFe\r\n--m\r\nContent-Type: application/x; name=a.bin\r\n"
    "X-Part: odd\r\n\r\nAAA\r\n--m\r\nContent-Disposition: attachment; "
    "filename=b.bin\r\n\r\nBBB\r\n--m--\r\nepilogue\r\n";

MessageObject current() { return read(mixed_mail).message; }

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

/// Edits, and expects that reading gives what was wanted.
std::string edit_and_read(const MessageObject& wanted) {
  const std::string bytes = edited(mixed_mail, current(), wanted);
  expect_same(wanted, read(bytes).message, "edited");
  return bytes;
}

TEST(MailEdit, ASubjectChangesItsFieldOnly) {
  MessageObject wanted = current();
  set_subject(wanted, "", "new");
  EXPECT_EQ(edit_and_read(wanted), replaced(mixed_mail, "Subject: old", "Subject: new"));
}

TEST(MailEdit, AFieldIsAddedBehindTheOthersAndRemoved) {
  MessageObject wanted = current();
  wanted.properties.set(tag::sensitivity, std::int32_t{2});
  wanted.properties.erase(PropertyName{property_set::ps_internet_headers, "x-odd"});
  EXPECT_EQ(edit_and_read(wanted), replaced(replaced(mixed_mail, "X-Odd:   kept  \r\n", ""), "boundary=m\r\n",
                                            "boundary=m\r\nSensitivity: Private\r\n"));
}

TEST(MailEdit, RecipientsChangeTheirFieldOnly) {
  MessageObject wanted = current();
  wanted.recipients[0] = recipient_row(recipient_to, {.display_name = "C", .address = "c@example.org", .group = {}}, 0);
  EXPECT_EQ(edit_and_read(wanted), replaced(mixed_mail, "To: b@example.org", "To: C <c@example.org>"));
}

TEST(MailEdit, ABodyKeepsItsCharsetAndEncoding) {
  MessageObject wanted = current();
  wanted.properties.set(tag::body, std::string("schön"));
  EXPECT_EQ(edit_and_read(wanted), replaced(mixed_mail, "gr=FC=DFe", "sch=F6n"));
}

TEST(MailEdit, ABodyThatItsCharsetCannotTellBecomesUtf8) {
  MessageObject wanted = current();
  wanted.properties.set(tag::body, std::string("☃"));
  const std::string bytes = edited(mixed_mail, current(), wanted);
  EXPECT_EQ(text_or_empty(read(bytes).message.properties, tag::body), "☃");
  EXPECT_NE(bytes.find("charset=utf-8"), std::string::npos);
}

TEST(MailEdit, AnHtmlBodyIsAddedBesideTheText) {
  MessageObject wanted = current();
  set_bytes(wanted.properties, tag::html, "<p>new</p>");
  wanted.properties.set(tag::native_body, std::int32_t{3});
  const MessageObject again = read(edited(mixed_mail, current(), wanted)).message;
  EXPECT_EQ(held_bytes(again.properties, tag::html), "<p>new</p>");
  EXPECT_EQ(text_or_empty(again.properties, tag::body), "grüße");
  EXPECT_EQ(again.attachments.size(), 2u);
}

TEST(MailEdit, AnAttachmentGoesWithItsDelimiter) {
  MessageObject wanted = current();
  wanted.attachments.erase(wanted.attachments.begin());
  wanted.attachments[0].properties.set(tag::attach_number, std::int32_t{0});
  EXPECT_EQ(edit_and_read(wanted),
            replaced(mixed_mail, "--m\r\nContent-Type: application/x; name=a.bin\r\nX-Part: odd\r\n\r\nAAA\r\n", ""));
}

TEST(MailEdit, AnAttachmentThatIsRenamedKeepsItsBytes) {
  MessageObject wanted = current();
  wanted.attachments[1].properties.set(tag::attach_long_filename, std::string("c.bin"));
  const std::string bytes = edited(mixed_mail, current(), wanted);
  const MessageObject again = read(bytes).message;
  EXPECT_EQ(text_or_empty(again.attachments[1].properties, tag::attach_long_filename), "c.bin");
  EXPECT_EQ(text_or_empty(again.attachments[1].properties, tag::display_name), "c.bin");
  EXPECT_NE(bytes.find("\r\n\r\nBBB\r\n--m--"), std::string::npos);
  EXPECT_TRUE(bytes.starts_with(mixed_mail.substr(0, mixed_mail.find("Content-Disposition"))));
}

TEST(MailEdit, AnAttachmentWithNewDataIsRebuiltAlone) {
  MessageObject wanted = current();
  set_bytes(wanted.attachments[0].properties, tag::attach_data_binary, std::string("\0\1", 2));
  const std::string bytes = edited(mixed_mail, current(), wanted);
  expect_same(wanted, read(bytes).message, "new data");
  EXPECT_TRUE(bytes.ends_with(mixed_mail.substr(mixed_mail.find("\r\n--m\r\nContent-Disposition"))));
}

TEST(MailEdit, AFirstAttachmentLeavesThePlainBodyAsItIs) {
  const std::string plain = "Subject: s\nContent-Type: text/plain; charset=utf-8\n\nHello\n";
  const MessageObject message = read(plain).message;
  MessageObject wanted = message;
  Attachment added;
  added.properties.set(tag::attach_long_filename, std::string("a.bin"));
  set_bytes(added.properties, tag::attach_data_binary, "data");
  wanted.attachments.push_back(added);
  const std::string bytes = edited(plain, message, wanted);
  const MessageObject again = read(bytes).message;
  EXPECT_EQ(text_or_empty(again.properties, tag::body), "Hello\n");
  ASSERT_EQ(again.attachments.size(), 1u);
  EXPECT_EQ(bytes.find('\r'), std::string::npos);
}

TEST(MailEdit, AMessageInTheMessageIsEditedInPlace) {
  const std::string inner = "Subject: in\r\nX-Odd:  a\r\n\r\ndeep\r\n";
  const std::string outer =
      "Subject: out\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n"
      "Content-Type: message/rfc822\r\n\r\n" +
      inner + "\r\n--b--\r\n";
  const MessageObject message = read(outer).message;
  MessageObject wanted = message;
  MessageObject embedded = *message.attachments[0].embedded;
  set_subject(embedded, "", "changed");
  wanted.attachments[0].embedded = std::make_shared<const MessageObject>(embedded);
  EXPECT_EQ(edited(outer, message, wanted), replaced(outer, "Subject: in", "Subject: changed"));
}

Errc error_of(std::string_view bytes, const MessageObject& wanted, EditRules rules = {}) {
  const auto result = edit_mail(SharedBytes::of(std::string(bytes)), read(bytes).message, wanted, rules);
  return result ? Errc{} : result.error().code;
}

TEST(MailEdit, SignedContentIsRefused) {
  const std::string bytes =
      "Subject: s\r\nContent-Type: multipart/signed; protocol=\"application/pgp-signature\"; "
      "boundary=b\r\n\r\n--b\r\n\r\n"
      "signed\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n";
  MessageObject wanted = read(bytes).message;
  wanted.properties.set(tag::body, std::string("forged"));
  EXPECT_EQ(error_of(bytes, wanted), Errc::not_permitted);
  MessageObject renamed = read(bytes).message;
  set_subject(renamed, "", "t");
  EXPECT_EQ(edited(bytes, read(bytes).message, renamed), replaced(bytes, "Subject: s", "Subject: t"));
}

TEST(MailEdit, DkimCoversItsFieldsAndTheBody) {
  const std::string bytes =
      "DKIM-Signature: v=1; d=example.org; h=From:Subject;\r\n b=x\r\nFrom: a@example.org\r\nSubject: s\r\n"
      "X-Free: a\r\n\r\ntext\r\n";
  const MessageObject message = read(bytes).message;
  MessageObject wanted = message;
  set_subject(wanted, "", "t");
  EXPECT_EQ(error_of(bytes, wanted), Errc::not_permitted);
  EXPECT_EQ(edited(bytes, message, wanted, {.break_signatures = true}), replaced(bytes, "Subject: s", "Subject: t"));
  wanted = message;
  wanted.properties.set(tag::body, std::string("other\r\n"));
  EXPECT_EQ(error_of(bytes, wanted), Errc::not_permitted);
  wanted = message;
  wanted.properties.set(PropertyName{property_set::ps_internet_headers, "x-free"}, std::string("b"));
  EXPECT_EQ(edited(bytes, message, wanted), replaced(bytes, "X-Free: a", "X-Free: b"));
}

TEST(MailEdit, ContradictingSubjectsAreRefused) {
  MessageObject wanted = current();
  wanted.properties.set(tag::subject, std::string("one"));
  wanted.properties.set(tag::normalized_subject, std::string("two"));
  EXPECT_EQ(error_of(mixed_mail, wanted), Errc::invalid_content);
}

}  // namespace
}  // namespace mapistore::conversion::mail_edit_test
