#include <gtest/gtest.h>

#include <mapistore/summarize.h>

namespace mapistore::summarize_test {
namespace {

using enum MessageKind;

TEST(KindOfName, GoesByTheExtension) {
  EXPECT_EQ(kind_of_name("a.eml"), mail);
  EXPECT_EQ(kind_of_name("A.EML"), mail);
  EXPECT_EQ(kind_of_name("a.b.Ics"), appointment);
  EXPECT_EQ(kind_of_name("a.vcf"), contact);
  EXPECT_EQ(kind_of_name("a.txt"), note);
  EXPECT_EQ(kind_of_name("a.md"), note);
  for (const std::string_view name : {"a.pdf", "eml", "a.eml.gz", "a.", "", "."})
    EXPECT_EQ(kind_of_name(name), document);
}

TEST(Extension, IsThatOfTheKind) {
  for (const MessageKind kind : {mail, appointment, contact, note}) {
    EXPECT_EQ(kind_of_name("a" + std::string(extension(kind))), kind);
  }
  EXPECT_EQ(extension(task), ".ics");
  EXPECT_EQ(extension(journal), ".ics");
  EXPECT_EQ(extension(document), "");
}

TEST(Summarize, CallsANoteByItsNameOrFirstLine) {
  EXPECT_EQ(summarize(note, "shopping list.txt", "milk").subject, "shopping list");
  EXPECT_EQ(summarize(note, "v1.2", "milk").subject, "v1.2");
  EXPECT_EQ(summarize(note, "", "\xEF\xBB\xBF\r\n \r\n milk \r\nbread").subject, "milk");
  EXPECT_EQ(summarize(note, "", "caf\xe9").subject, "caf\xc3\xa9");
  EXPECT_EQ(summarize(note, "", "\n\n").subject, "");
}

TEST(Summarize, CallsADocumentByItsName) {
  const Summary summary = summarize(document, "report (final).pdf", "From: a@b\n");
  EXPECT_EQ(summary.kind, document);
  EXPECT_EQ(summary.subject, "report (final).pdf");
  EXPECT_EQ(summary.from, "");
}

}  // namespace
}  // namespace mapistore::summarize_test
