// What the best of the existing converters loses of a mail on its way to properties and back (joined HTML parts,
// flattened PGP/MIME, classes of forms), and what becomes of it here.

#include "core/codec/transfer.h"
#include "tests/unit/conversion/mail_test_support.h"

namespace mapistore::conversion::mail_losses_test {
namespace {

constexpr std::string_view first_html = "<html><body><o:p>one</o:p><p>unclosed</body></html>";

std::string two_htmls() {
  return "From: ann@example.org\r\nSubject: two\r\nMIME-Version: 1.0\r\n"
         "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n" +
         std::string(first_html) +
         "\r\n--b\r\nContent-Type: image/png; name=between.png\r\nContent-Transfer-Encoding: base64\r\n\r\nUE5H\r\n"
         "--b\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n<p>zw\xf6lf</p>\r\n--b--\r\n";
}

std::string html_of(const MessageObject& message) { return held_bytes(message.properties, tag::html).value_or("none"); }

std::string type_of(const Attachment& attachment) { return text_or_empty(attachment.properties, tag::attach_mime_tag); }

TEST(MailLosses, SeveralHtmlPartsAreNotJoined) {
  const MessageObject message = read(two_htmls()).message;
  EXPECT_EQ(html_of(message), first_html);
  ASSERT_EQ(message.attachments.size(), 2u);
  EXPECT_EQ(type_of(message.attachments[1]), "text/html");
  EXPECT_EQ(held_bytes(message.attachments[1].properties, tag::attach_data_binary), "<p>zw\xf6lf</p>");
  EXPECT_EQ(text_or_empty(message.attachments[1].properties, tag::text_attachment_charset), "iso-8859-1");
}

TEST(MailLosses, SeveralHtmlPartsAreRenderedInTheirOrderWithTheirBytes) {
  const MessageObject message = read(two_htmls()).message;
  const MessageObject again = read(rendered(message)).message;
  EXPECT_EQ(html_of(again), first_html);
  expect_same(message, again, "two html parts");
}

TEST(MailLosses, AnEditOfOneHtmlPartKeepsTheOther) {
  const std::string mail = two_htmls();
  const MessageObject current = read(mail).message;
  MessageObject wanted = current;
  set_bytes(wanted.properties, tag::html, "<p>new</p>");
  std::string expected = mail;
  expected.replace(expected.find(first_html), first_html.size(), "<p>new</p>");
  EXPECT_EQ(edited(mail, current, wanted), expected);
}

std::string encrypted() {
  return "From: ann@example.org\r\nTo: joe@example.org\r\nSubject: secret\r\nMIME-Version: 1.0\r\n"
         "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"p g\"\r\n\r\n"
         "This is an OpenPGP/MIME encrypted message.\r\n--p g\r\nContent-Type: application/pgp-encrypted\r\n"
         "Content-Description: PGP/MIME version\r\n\r\nVersion: 1\r\n\r\n--p g\r\n"
         "Content-Type: application/octet-stream; name=\"encrypted.asc\"\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n \r\n"
         "hQEMA= \r\n-----END PGP MESSAGE-----\r\n\r\n--p g--\r\nafter all parts \r\n";
}

std::string pgp_signed() {
  return "From: ann@example.org\r\nSubject: signed\r\nMIME-Version: 1.0\r\n"
         "Content-Type: multipart/signed; micalg=pgp-sha256;\r\n\tprotocol=\"application/pgp-signature\"; "
         "boundary=s\r\n"
         "\r\n--s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
         "Gr=C3=BC=C3=9Fe=20\r\n--=20\r\nAnn\r\n\r\n--s\r\nContent-Type: application/pgp-signature\r\n\r\n"
         "-----BEGIN PGP SIGNATURE-----\r\n\r\niQE=\r\n-----END PGP SIGNATURE-----\r\n\r\n--s--\r\n";
}

std::string_view body_of(std::string_view mail) { return mail.substr(mail.find("\r\n\r\n")); }

TEST(MailLosses, PgpIsOneOpaqueAttachment) {
  const MessageObject message = read(encrypted()).message;
  EXPECT_EQ(text_or_empty(message.properties, tag::message_class), "IPM.Note");
  ASSERT_EQ(message.attachments.size(), 1u);
  EXPECT_EQ(type_of(message.attachments[0]), "multipart/encrypted");
  EXPECT_TRUE(held_bytes(message.attachments[0].properties, tag::attach_data_binary)->ends_with(body_of(encrypted())));
}

TEST(MailLosses, PgpIsRenderedByteByByte) {
  for (const std::string& mail : {encrypted(), pgp_signed()}) {
    MessageObject message = read(mail).message;
    message.properties.erase(tag::transport_message_headers);  // as one that comes from a store without the bytes
    const auto written = render_mail(message);
    ASSERT_TRUE(written);
    const std::string text = bytes_of(written->bytes);
    EXPECT_EQ(body_of(text), body_of(mail));
    const std::size_t type = mail.find("Content-Type: multipart/");
    EXPECT_NE(text.find(mail.substr(type, mail.find("\r\n\r\n") - type)), std::string::npos) << text;
    EXPECT_EQ(text.find("multipart/mixed"), std::string::npos);
    expect_same(message, read(text).message, "rendered");
  }
}

TEST(MailLosses, TheTextOfWhatIsSignedIsTold) {
  const MessageObject message = read(pgp_signed()).message;
  EXPECT_EQ(text_or_empty(message.properties, tag::body),
            "Gr\xc3\xbc\xc3\x9f"
            "e \r\n-- \r\nAnn\r\n");
  ASSERT_EQ(message.attachments.size(), 1u);
}

TEST(MailLosses, TheDatesOfAnAttachmentAreTold) {
  const MessageObject message =
      read(
          "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n"
          "--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf;\r\n"
          "\tcreation-date=\"Tue, 05 Mar 2024 09:00:00 +0000\"; modification-date=\"Wed, 06 Mar 2024 10:00:00 "
          "+0100\"\r\n\r\nPDF\r\n--b--\r\n")
          .message;
  ASSERT_EQ(message.attachments.size(), 1u);
  const PropertyBag& bag = message.attachments[0].properties;
  ASSERT_NE(bag.get<SystemTime>(tag::creation_time), nullptr);
  ASSERT_NE(bag.get<SystemTime>(tag::last_modification_time), nullptr);
  EXPECT_EQ(bag.get<SystemTime>(tag::creation_time)->ticks, 133'541'028'000'000'000u);
  EXPECT_EQ(bag.get<SystemTime>(tag::last_modification_time)->ticks, 133'541'892'000'000'000u);
  expect_same(message, read(rendered(message)).message, "dates");
}

TEST(MailLosses, WhatLiesElsewhereIsAnAttachmentOfItsBytes) {
  const std::string header = "Content-Type: text/plain\r\nContent-ID: <1@x>\r\n\r\n";
  const auto [message, losses] = read(
      "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n"
      "--b\r\nContent-Type: message/external-body; access-type=url; URL=\"http://x.example/a\"\r\n\r\n" +
      header + "\r\n--b--\r\n");
  ASSERT_EQ(message.attachments.size(), 1u);
  EXPECT_EQ(type_of(message.attachments[0]), "message/external-body");
  EXPECT_EQ(held_bytes(message.attachments[0].properties, tag::attach_data_binary), header);
  EXPECT_EQ(losses.text(),
            "approximated\tContent-Type\tno property of an attachment tells its parameter access-type\n"
            "approximated\tContent-Type\tno property of an attachment tells its parameter url\n");
  expect_same(message, read(rendered(message)).message, "external body");
}

TEST(MailLosses, AMailByItsNameStaysTheFileThatItIs) {
  const MessageObject message =
      read(
          "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=\"a.eml\"\r\n\r\n"
          "Subject: inner\r\n\r\ntext")
          .message;
  ASSERT_EQ(message.attachments.size(), 1u);
  EXPECT_EQ(text_or_empty(message.attachments[0].properties, tag::attach_long_filename), "a.eml");
  EXPECT_EQ(held_bytes(message.attachments[0].properties, tag::attach_data_binary), "Subject: inner\r\n\r\ntext");
  expect_same(message, read(rendered(message)).message, "named eml");
}

std::string forwarded(const std::string& mail) {
  return "Subject: outer\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n\r\ntext\r\n"
         "--o\r\nContent-Type: message/rfc822\r\n\r\n" +
         mail + "\r\n--o--\r\n";
}

TEST(MailLosses, AMessageInAMessageIsRenderedWithItsHeaderAndItsSignedBytes) {
  const MessageObject message = read(forwarded("X-Odd:   kept\r\nX-Odd: twice\r\n" + pgp_signed())).message;
  const std::string text = rendered(message);
  EXPECT_NE(text.find("X-Odd:   kept\r\nX-Odd: twice\r\n"), std::string::npos) << text;
  EXPECT_NE(text.find(body_of(pgp_signed())), std::string::npos) << text;
  expect_same(message, read(text).message, "forwarded");
}

TEST(MailLosses, MessagesAreRenderedDeeperThanOthersDo) {
  std::string mail = "Subject: last\r\n\r\nend\r\n";
  for (int depth = 0; depth < 20; ++depth) mail = "Subject: s\r\nContent-Type: message/rfc822\r\n\r\n" + mail;
  const MessageObject message = read(mail).message;
  expect_same(message, read(rendered(message)).message, "deep");
}

TEST(MailLosses, EncryptedSmimeIsTheBytesThatItDecodesToAndKeepsItsType) {
  using namespace std::string_literals;
  const std::string start = "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"s, other = "\x30\x82\x01\x00\x06\x0b"s;
  const std::string numbered = other + "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01"s, rest(100'000, 'x');
  for (const auto& [name, cms] :
       {std::pair("enveloped-data", start + "\x03"), std::pair("signed-data", start + "\x02" + rest),
        std::pair("compressed-data", numbered + "\x09"), std::pair("authEnveloped-data", numbered + "\x17" + rest),
        std::pair("certs-only", start + "\x02" + rest)}) {
    const std::string file = name == "certs-only"s ? "smime.p7c" : "smime.p7m";
    const auto [message, losses] =
        read(std::string("Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=") +
             name + ";\r\n name=" + file +
             "\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=" + file + "\r\n\r\n" +
             codec::base64_of(cms));
    EXPECT_EQ(text_or_empty(message.properties, tag::message_class), "IPM.Note.SMIME");
    ASSERT_EQ(message.attachments.size(), 1u);
    EXPECT_EQ(text_or_empty(message.attachments[0].properties, tag::attach_long_filename), file);
    EXPECT_EQ(held_bytes(message.attachments[0].properties, tag::attach_data_binary), cms);
    EXPECT_TRUE(losses.losses().empty()) << losses.text();
    const std::string text = rendered(message);
    EXPECT_NE(text.find(std::string("\r\nContent-Type: application/pkcs7-mime; smime-type=") + name + "\r\n"),
              std::string::npos)
        << text.substr(0, 500);
    EXPECT_EQ(text.find("multipart"), std::string::npos);
    expect_same(message, read(text).message, name);
  }
}

TEST(MailLosses, TnefThatIsSignedIsNotOpened) {
  const std::string type = "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=s";
  const std::string body =
      "\r\n\r\n--s\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n"
      "eJ8+Ig==\r\n--s\r\nContent-Type: application/pkcs7-signature\r\n\r\nx\r\n--s--\r\n";
  const MessageObject message = read("Subject: x\r\nMIME-Version: 1.0\r\n" + type + body).message;
  EXPECT_EQ(text_or_empty(message.properties, tag::message_class), "IPM.Note.SMIME.MultipartSigned");
  ASSERT_EQ(message.attachments.size(), 1u);
  EXPECT_EQ(held_bytes(message.attachments[0].properties, tag::attach_data_binary), type + body);
  EXPECT_NE(rendered(message).find(type + body), std::string::npos);
}

TEST(MailLosses, NamesAreWholeWhateverTheCharsetOfTheBody) {
  for (const auto& [charset, body] :
       {std::pair("iso-2022-jp", "\x1b$B$3$s$K$A$O\x1b(B"), std::pair("shift_jis", "\x82\xb1\x82\xf1"),
        std::pair("gb18030", "\xc4\xe3\xba\xc3"), std::pair("utf-8", "\xe3\x81\x93\xe3\x82\x93")}) {
    const MessageObject message =
        read(std::string(
                 "Subject: the whole subject\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
                 "\r\n--b\r\nContent-Type: text/plain; charset=") +
             charset + "\r\n\r\n" + body +
             "\r\n--b\r\nContent-Type: text/csv; name=\"the whole name.csv\"\r\n\r\na,b\r\n--b--\r\n")
            .message;
    for (const MessageObject& told : {message, read(rendered(message)).message}) {
      EXPECT_EQ(text_or_empty(told.properties, tag::subject), "the whole subject") << charset;
      ASSERT_EQ(told.attachments.size(), 1u);
      EXPECT_EQ(text_or_empty(told.attachments[0].properties, tag::attach_long_filename), "the whole name.csv");
    }
    expect_same(message, read(rendered(message)).message, charset);
  }
}

// No field of a mail names the form that it was made with: the class of one has a home beside the bytes only.

TEST(MailLosses, TheClassOfAFormIsReported) {
  for (const char* name : {"IPM.Note.Custom", "IPM.Note.Microsoft.Conversation", "IPM.Post"}) {
    MessageObject message = read("From: ann@example.org\r\nSubject: x\r\n\r\nHello\r\n").message;
    message.properties.set(tag::message_class, std::string(name));
    const auto written = render_mail(message);
    ASSERT_TRUE(written);
    EXPECT_EQ(written->losses.text(), "approximated\tPidTagMessageClass\ta mail does not tell of which form it is\n");
    EXPECT_EQ(text_or_empty(read(bytes_of(written->bytes)).message.properties, tag::message_class), "IPM.Note");
    EXPECT_EQ(bytes_of(written->bytes).find(name), std::string::npos);
  }
}

TEST(MailLosses, TheClassOfAMailWithoutFormIsNotReported) {
  for (const std::string& mail : {std::string("Subject: x\r\n\r\nHello\r\n"), encrypted(), pgp_signed()}) {
    const auto written = render_mail(read(mail).message);
    ASSERT_TRUE(written);
    EXPECT_EQ(written->losses.text().find("PidTagMessageClass"), std::string::npos) << written->losses.text();
  }
}

TEST(MailLosses, TheClassOfAFormDoesNotChangeBytes) {
  const std::string mail = "From: ann@example.org\r\nSubject: x\r\n\r\nHello\r\n";
  const MessageObject current = read(mail).message;
  MessageObject wanted = current;
  wanted.properties.set(tag::message_class, std::string("IPM.Note.Custom"));
  EXPECT_EQ(edited(mail, current, wanted), mail);
}

}  // namespace
}  // namespace mapistore::conversion::mail_losses_test
