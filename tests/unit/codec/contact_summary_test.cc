#include <gtest/gtest.h>

#include <mapistore/summarize.h>

namespace mapistore::contact_summary_test {
namespace {

Summary card(std::string_view lines) {
  return summarize(MessageKind::contact, "x.vcf", "BEGIN:VCARD\r\n" + std::string(lines) + "END:VCARD\r\n");
}

struct Example {
  std::string_view lines, subject;
};

TEST(ContactSummary, IsCalledByItsNames) {
  static constexpr Example examples[] = {
      {"N:Mueller;Anna;;;\r\nORG:Firma;Sales\r\nFN:Anna M\r\n", "Mueller Anna Firma"},
      {"N:Mueller\r\n", "Mueller"},
      {"N:;Anna\r\n", "Anna"},
      {"FN:Anna M\r\nN:;;;;\r\nORG:Firma\r\n", "Anna M"},
      {"FN:Anna M\r\n", "Anna M"},
      {"ORG:ABC\\, Inc.;x\r\n", "ABC, Inc."},
      {"item1.N:Mueller;Anna\r\nitem1.X-ABLabel:N\r\n", "Mueller Anna"},
      {"N:Mue\\;ller;An\\\\na\r\n", "Mue;ller An\\na"},
      {"N;LANGUAGE=\"a:b;c\":Mueller;Anna\r\n", "Mueller Anna"},
      {"N;QUOTED-PRINTABLE;CHARSET=ISO-8859-1:M=FC=\r\nller;Anna\r\nORG:F\r\n", "M\xc3\xbcller Anna F"},
      {"N;CHARSET=windows-1252:M\xfcller;Anna\r\n", "M\xc3\xbcller Anna"},
      {"N;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;Anna\r\n", "M\xc3\xbcller Anna"},
      {"N;ENCODING=QUOTED-PRINTABLE:never ended=\r\n", "never endedEND:VCARD"},
      {"NOTE:x\r\n", ""},
      {"", ""},
  };
  for (const auto& [lines, subject] : examples) EXPECT_EQ(card(lines).subject, subject) << lines;
}

TEST(ContactSummary, HasAnIdAndNoDate) {
  const Summary summary = card("UID:urn:uuid:1-2\r\nREV:20260101T000000Z\r\nBDAY:--0415\r\n");
  EXPECT_EQ(summary.kind, MessageKind::contact);
  EXPECT_EQ(summary.message_id, "urn:uuid:1-2");
  EXPECT_FALSE(summary.date);
}

TEST(ContactSummary, ReadsTheFirstCardOnly) {
  EXPECT_EQ(card("FN:a\r\nEND:VCARD\r\nBEGIN:VCARD\r\nN:b\r\nUID:2\r\n"), card("FN:a\r\n"));
  EXPECT_EQ(summarize(MessageKind::contact, "", "N:outside\n").subject, "");
}

}  // namespace
}  // namespace mapistore::contact_summary_test
