#include <gtest/gtest.h>

#include <mapistore/summarize.h>

namespace mapistore::calendar_summary_test {
namespace {

using namespace std::chrono_literals;

Summary calendar(const std::string& text) { return summarize(MessageKind::appointment, "x.ics", text); }

/// A calendar of the given content lines.
std::string wrapped(std::string_view lines) {
  return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + std::string(lines) + "END:VCALENDAR\r\n";
}

TEST(CalendarSummary, HoldsWhatAListingNeeds) {
  Summary expected;
  expected.kind = MessageKind::appointment;
  expected.message_id = "uid-1";
  expected.date = Time{std::chrono::sys_days{std::chrono::year{2026} / 9 / 1} + 8h};
  expected.subject = "Review, part 1; all";
  EXPECT_EQ(
      calendar(wrapped("BEGIN:VTIMEZONE\r\nTZID:X\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nEND:STANDARD\r\n"
                       "END:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:uid-1\r\nDTSTART;TZID=\"X:Y\":20260901T080000\r\n"
                       "SUMMARY;LANGUAGE=de:Review\\, part 1\\; all\r\nBEGIN:VALARM\r\nUID:alarm\r\n"
                       "SUMMARY:alarm\r\nEND:VALARM\r\nEND:VEVENT\r\n")),
      expected);
}

TEST(CalendarSummary, TakesItsKindFromTheFirstComponent) {
  const Summary task = calendar(wrapped("BEGIN:VTODO\r\nUID:t\r\nDTSTART:20260101\r\nDUE;VALUE=DATE:20260830\r\n"
                                        "SUMMARY:Ship release\r\nEND:VTODO\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\n"));
  EXPECT_EQ(task.kind, MessageKind::task);
  EXPECT_EQ(task.date, Time{std::chrono::sys_days{std::chrono::year{2026} / 8 / 30}});
  EXPECT_TRUE(task.date_only);
  EXPECT_FALSE(calendar(wrapped("BEGIN:VTODO\r\nDTSTART:20260101\r\nEND:VTODO\r\n")).date);

  const Summary journal = calendar(wrapped("begin:vjournal\r\ndtstart:20260102T030405Z\r\nend:vjournal\r\n"));
  EXPECT_EQ(journal.kind, MessageKind::journal);
  EXPECT_TRUE(journal.date);
  EXPECT_EQ(summarize(MessageKind::task, "x.ics", wrapped("")).kind, MessageKind::task);
}

TEST(CalendarSummary, NamesTheSeriesEvenAfterItsException) {
  const std::string exception =
      "BEGIN:VEVENT\r\nUID:s\r\nRECURRENCE-ID:20260908T080000Z\r\nSUMMARY:moved\r\nEND:VEVENT\r\n";
  const std::string series = "BEGIN:VEVENT\r\nUID:s\r\nSUMMARY:weekly\r\nEND:VEVENT\r\n";
  const std::string other = "BEGIN:VEVENT\r\nUID:other\r\nSUMMARY:other\r\nEND:VEVENT\r\n";
  EXPECT_EQ(calendar(wrapped(exception + series)), calendar(wrapped(series + exception)));
  EXPECT_EQ(calendar(wrapped(exception)).recurrence_id, "20260908T080000Z");
  EXPECT_EQ(calendar(wrapped(exception + other)).subject, "moved");
  EXPECT_EQ(calendar(wrapped(other + series)).subject, "other");
}

TEST(CalendarSummary, UnfoldsEvenInsideACharacter) {
  EXPECT_EQ(calendar("BEGIN:VEVENT\nSUMMARY:Gr\xc3\n \xbc\xc3\x9f\n e\nEND:VEVENT\n").subject,
            "Gr\xc3\xbc\xc3\x9f\x65");
  EXPECT_EQ(calendar("BEGIN:VEVENT\r\nSUMM\r\n ARY:a \r\n\tb\r\nEND:VEVENT").subject, "a b");
  EXPECT_EQ(calendar("\xEF\xBB\xBF" "BEGIN:VEVENT\rSUMMARY:a\rEND:VEVENT\r").subject, "a");
}

TEST(CalendarSummary, ReadsVersionOne) {
  EXPECT_EQ(
      calendar("BEGIN:VEVENT\nSUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=ISO-8859-1:Fr=F6=\nsche\nEND:VEVENT\n").subject,
      "Fr\xc3\xb6sche");
}

TEST(CalendarSummary, ForgivesBrokenFiles) {
  EXPECT_EQ(calendar("BEGIN:VEVENT\nSUMMARY:a\\nb\\").subject, "a b\\");
  EXPECT_EQ(calendar("BEGIN:VEVENT\nSUMMARY;X=\"open:a\n").subject, "a");
  EXPECT_EQ(calendar("BEGIN:VEVENT\nSUMMARY:caf\xe9\n").subject, "caf\xc3\xa9");
  EXPECT_FALSE(calendar("BEGIN:VEVENT\nDTSTART:16010101T000000\n").date);
  EXPECT_EQ(calendar(" BEGIN:VEVENT\nSUMMARY:a\n").subject, "a");
  EXPECT_EQ(calendar("no calendar"), calendar(""));
}

}  // namespace
}  // namespace mapistore::calendar_summary_test
