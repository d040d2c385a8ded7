#include <gtest/gtest.h>

#include <mapistore/summarize.h>

namespace mapistore::content_check_test {
namespace {

using enum MessageKind;

TEST(CheckContent, AcceptsAnythingWithAComponent) {
  for (const std::string_view head : {"BEGIN:VCALENDAR\r\n", "begin:vcard", "\uFEFFBEGIN:X", "\n\n  Begin:VEVENT\n",
                                      "preamble \xff\rBEGIN:VCALENDAR\r"}) {
    for (const MessageKind kind : {appointment, task, journal, contact})
      EXPECT_EQ(check_content(kind, "x", head), kind);
  }
}

TEST(CheckContent, RefusesTextOfAnotherKind) {
  for (const MessageKind kind : {appointment, task, journal, contact}) {
    for (const std::string_view head : {"hello", "X BEGIN:VCARD", "caf\xc3\xa9\n"}) {
      const auto checked = check_content(kind, "meeting.ics", head);
      ASSERT_FALSE(checked) << head;
      EXPECT_EQ(checked.error().code, Errc::invalid_content);
      EXPECT_EQ(checked.error().object, "meeting.ics");
      EXPECT_FALSE(checked.error().what.empty());
      EXPECT_FALSE(checked.error().hint.empty());
    }
  }
}

TEST(CheckContent, MakesBinaryBytesADocument) {
  EXPECT_EQ(check_content(appointment, "x.ics", "PK\x03\x04\xff\xfe"), document);
  EXPECT_EQ(check_content(contact, "x.vcf", std::string_view("a\0b", 3)), document);
  EXPECT_EQ(check_content(note, "x.txt", std::string_view("a\0b", 3)), document);
}

TEST(CheckContent, NeverRefusesMailNotesAndDocuments) {
  EXPECT_EQ(check_content(mail, "x.eml", "\xff\xfe no mail"), mail);
  EXPECT_EQ(check_content(note, "x.txt", "caf\xe9"), note);
  EXPECT_EQ(check_content(document, "x.pdf", "%PDF"), document);
}

TEST(CheckContent, ForgivesACharacterCutByTheWindow) {
  std::string text(summary_window - 1, 'a');
  EXPECT_FALSE(check_content(appointment, "x.ics", text + "\xc3\xa9"));
  EXPECT_EQ(check_content(appointment, "x.ics", text.substr(1) + "\xc3"), document);
}

}  // namespace
}  // namespace mapistore::content_check_test
