#include "core/codec/busy_times.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "tests/unit/core/scratch.h"

namespace mapistore::codec::busy_times_test {
namespace {

constexpr Time day(int year, unsigned month, unsigned day) {
  return Time{std::chrono::sys_days{std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(day)}};
}

std::string calendar(std::string_view events) {
  return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//tests//EN\r\n"
         "BEGIN:VTIMEZONE\r\nTZID:Home\r\n"
         "BEGIN:STANDARD\r\nDTSTART:19961027T030000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nTZOFFSETFROM:+"
         "0200\r\n"
         "TZOFFSETTO:+0100\r\nEND:STANDARD\r\n"
         "BEGIN:DAYLIGHT\r\nDTSTART:19810329T020000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nTZOFFSETFROM:+0100\r\n"
         "TZOFFSETTO:+0200\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n" +
         std::string(events) + "END:VCALENDAR\r\n";
}

std::string event(std::string_view lines, std::string_view uid = "one") {
  return "BEGIN:VEVENT\r\nUID:" + std::string(uid) + "\r\nDTSTAMP:20260101T000000Z\r\n" + std::string(lines) +
         "\r\nEND:VEVENT\r\n";
}

/// The FREEBUSY lines, each with an end, of events in November 2026 unless told otherwise.
std::string busy(std::string_view events, Time from = day(2026, 11, 1), Time to = day(2026, 12, 1)) {
  BusyTimes times{from, to};
  const auto added = times.add(calendar(events));
  if (!added) return added.error().to_string();
  const std::string text = times.text("u", from);
  std::string lines;
  for (std::size_t at = 0; (at = text.find("FREEBUSY;FBTYPE=", at)) != std::string::npos; ++at)
    lines += text.substr(at + 16, text.find('\r', at) - at - 16) + '\n';
  return lines;
}

TEST(BusyTimes, AnEventOccupiesItsTime) {
  EXPECT_EQ(busy(event("DTSTART:20261103T080000Z\r\nDTEND:20261103T093000Z")),
            "BUSY:20261103T080000Z/20261103T093000Z\n");
  EXPECT_EQ(busy(event("DTSTART:20261103T080000Z\r\nDURATION:PT45M")), "BUSY:20261103T080000Z/20261103T084500Z\n");
  EXPECT_EQ(busy(event("DTSTART;TZID=Home:20261103T090000\r\nDTEND;TZID=Home:20261103T100000")),
            "BUSY:20261103T080000Z/20261103T090000Z\n");
  EXPECT_EQ(busy(event("DTSTART:20261103T080000Z")), "") << "without a length it takes no time";
}

TEST(BusyTimes, WhatIsTransparentCancelledOrElsewhereOccupiesNone) {
  const std::string time = "DTSTART:20261103T080000Z\r\nDTEND:20261103T093000Z";
  EXPECT_EQ(busy(event(time + "\r\nTRANSP:TRANSPARENT")), "");
  EXPECT_EQ(busy(event(time + "\r\nSTATUS:CANCELLED")), "");
  EXPECT_EQ(busy(event(time + "\r\nSTATUS:TENTATIVE")), "BUSY-TENTATIVE:20261103T080000Z/20261103T093000Z\n");
  EXPECT_EQ(busy(event("DTSTART:20261203T080000Z\r\nDTEND:20261203T093000Z")), "");
  EXPECT_EQ(busy(event("DTSTART:20261031T230000Z\r\nDTEND:20261101T010000Z")),
            "BUSY:20261101T000000Z/20261101T010000Z\n")
      << "what reaches into the window is cut to it";
}

TEST(BusyTimes, WhatTouchesIsOnePeriod) {
  EXPECT_EQ(busy(event("DTSTART:20261103T100000Z\r\nDTEND:20261103T110000Z", "c") +
                 event("DTSTART:20261103T080000Z\r\nDTEND:20261103T090000Z", "a") +
                 event("DTSTART:20261103T083000Z\r\nDTEND:20261103T100000Z", "b") +
                 event("DTSTART:20261103T120000Z\r\nDTEND:20261103T130000Z", "d")),
            "BUSY:20261103T080000Z/20261103T110000Z\nBUSY:20261103T120000Z/20261103T130000Z\n");
}

TEST(BusyTimes, ASeriesFollowsTheClockOfItsZone) {
  // The last Sunday of October, the 25th, ends summer time.
  EXPECT_EQ(
      busy(event("DTSTART;TZID=Home:20261023T090000\r\nDTEND;TZID=Home:20261023T100000\r\nRRULE:FREQ=DAILY;COUNT=4"),
           day(2026, 10, 1), day(2026, 11, 1)),
      "BUSY:20261023T070000Z/20261023T080000Z\nBUSY:20261024T070000Z/20261024T080000Z\n"
      "BUSY:20261025T080000Z/20261025T090000Z\nBUSY:20261026T080000Z/20261026T090000Z\n");
}

TEST(BusyTimes, OccurrencesAreLeftOutAddedAndMoved) {
  const std::string series = event(
      "DTSTART;TZID=Home:20190107T090000\r\nDTEND;TZID=Home:20190107T100000\r\nRRULE:FREQ=WEEKLY;BYDAY=MO\r\n"
      "EXDATE;TZID=Home:20261109T090000\r\nRDATE;TZID=Home:20261112T140000");
  const std::string moved = event(
      "RECURRENCE-ID;TZID=Home:20261116T090000\r\nDTSTART;TZID=Home:20261117T110000\r\nDTEND;TZID=Home:"
      "20261117T113000");
  const std::string cancelled =
      event("RECURRENCE-ID:20261123T080000Z\r\nDTSTART:20261123T080000Z\r\nDTEND:20261123T090000Z\r\nSTATUS:CANCELLED");
  EXPECT_EQ(busy(series + moved + cancelled),
            "BUSY:20261102T080000Z/20261102T090000Z\nBUSY:20261112T130000Z/20261112T140000Z\n"
            "BUSY:20261117T100000Z/20261117T103000Z\nBUSY:20261130T080000Z/20261130T090000Z\n");
}

TEST(BusyTimes, OldSeriesAreFoundWhereTheyWouldBeBySteps) {
  for (const std::string rule :
       {"FREQ=WEEKLY", "FREQ=DAILY", "FREQ=HOURLY", "FREQ=MONTHLY", "FREQ=YEARLY", "FREQ=WEEKLY;BYDAY=TU,SA",
        "FREQ=MONTHLY;BYMONTHDAY=-2", "FREQ=WEEKLY;INTERVAL=2", "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,WE,SU;WKST=SU",
        "FREQ=DAILY;INTERVAL=7", "FREQ=DAILY;INTERVAL=11", "FREQ=MONTHLY;INTERVAL=6;BYMONTHDAY=15",
        "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=YEARLY;BYMONTH=11;BYDAY=3TH", "FREQ=HOURLY;INTERVAL=13",
        "FREQ=YEARLY;INTERVAL=7;BYMONTH=11"}) {
    const auto of = [](const std::string& its_rule) {
      return busy(event("DTSTART;TZID=Home:20191107T233000\r\nDTEND;TZID=Home:20191108T003000\r\nRRULE:" + its_rule));
    };
    const std::string counted = of(rule + ";COUNT=70000");
    EXPECT_FALSE(counted.empty()) << rule;
    EXPECT_EQ(of(rule), counted) << rule;
  }
}

TEST(BusyTimes, DaysAreThoseOfThisMachine) {
  const testing::Variable zone{"TZ", "Europe/Berlin"};
  ::tzset();
  // The day that summer time ends on has 25 hours.
  EXPECT_EQ(busy(event("DTSTART;VALUE=DATE:20261025\r\nDTEND;VALUE=DATE:20261026"), day(2026, 10, 1), day(2026, 11, 1)),
            "BUSY:20261024T220000Z/20261025T230000Z\n");
  EXPECT_EQ(busy(event("DTSTART;VALUE=DATE:20261103")), "BUSY:20261102T230000Z/20261103T230000Z\n");
  EXPECT_EQ(busy(event("DTSTART:20261103T090000\r\nDTEND:20261103T100000")),
            "BUSY:20261103T080000Z/20261103T090000Z\n");
}

TEST(BusyTimes, NoRuleKeepsItForLong) {
  const auto begin = std::chrono::steady_clock::now();
  for (const std::string rule :
       {"FREQ=SECONDLY", "FREQ=MINUTELY;INTERVAL=0", "FREQ=HOURLY", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=NONSENSE", "FREQ=DAILY;COUNT=-1", "FREQ=MONTHLY;BYDAY=99XX"})
    busy(event("DTSTART:19700101T000000Z\r\nDTEND:19700101T000001Z\r\nRRULE:" + rule));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{10});
}

std::string repeated(std::size_t count, std::string_view text) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

/// Each of these would take the library that works out rules minutes, or gigabytes.
TEST(BusyTimes, NothingElseKeepsItForLong) {
  const std::string observance =
      "BEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:";
  const auto zone = [](const std::string& observances) {
    return "BEGIN:VTIMEZONE\r\nTZID:Bad\r\n" + observances + "END:VTIMEZONE\r\n";
  };
  const std::string of_bad = event("DTSTART;TZID=Bad:20261103T090000\r\nDTEND;TZID=Bad:20261103T100000\r\n");
  const std::string good = event("DTSTART:20261103T080000Z\r\nDTEND:20261103T093000Z", "good");
  const std::string lines = "DTSTART:20000101T000000Z\r\nDTEND:20000101T000001Z\r\n";
  const auto begin = std::chrono::steady_clock::now();
  for (const std::string& hostile :
       {zone(observance + "FREQ=SECONDLY\r\nEND:STANDARD\r\n") + of_bad,
        zone(observance + "FREQ=YEARLY;BYMONTH=1,2,3;BYHOUR=1,2,3;BYSECOND=1,2,3\r\nEND:STANDARD\r\n") + of_bad,
        zone(repeated(50'000, observance + "FREQ=YEARLY\r\nEND:STANDARD\r\n")) + of_bad,
        repeated(200'000, "BEGIN:VEVENT\r\n"), repeated(200'000, "BEGIN:X\r\n") + repeated(200'000, "END:X\r\n"),
        event(lines + "EXDATE" + repeated(2'000, ";X-A=b") + ":20000101T000000Z" +
              repeated(2'000, ",20000101T000000Z")),
        event(lines + repeated(20'000, "RRULE:FREQ=HOURLY;COUNT=1000000\r\n")),
        event(lines + repeated(20'000, "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\r\n")),
        repeated(5'000, event(lines + "RRULE:FREQ=HOURLY;COUNT=1000000"))}) {
    const std::string told = busy(good + hostile);
    EXPECT_NE(told.find("20261103T080000Z/"), std::string::npos) << hostile.substr(0, 100);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{20});
}

TEST(BusyTimes, TimesFarAwayAreNoneOfTheWindows) {
  for (const std::string lines :
       {"DTSTART:00010101T000000Z\r\nDTEND:00010102T000000Z", "DTSTART:99991231T000000Z\r\nDTEND:99991231T010000Z",
        "DTSTART:99991231T000000Z\r\nDTEND:00010102T000000Z", "DTSTART;VALUE=DATE:00010101",
        "DTSTART:00010101T000000Z\r\nDTEND:00010101T010000Z\r\nRRULE:FREQ=YEARLY;COUNT=3"})
    EXPECT_EQ(busy(event(lines)), "") << lines;
  EXPECT_EQ(busy(event("DTSTART:00010101T000000Z\r\nDTEND:25000102T000000Z")),
            "BUSY:20261101T000000Z/20261201T000000Z\n");
}

TEST(BusyTimes, TheTextIsOneFreeBusyComponent) {
  BusyTimes times{day(2026, 11, 1), day(2026, 12, 1)};
  EXPECT_EQ(times.text("u@x", day(2026, 11, 28)),
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//mapistorefs//EN\r\nBEGIN:VFREEBUSY\r\nUID:u@x\r\n"
            "DTSTAMP:20261128T000000Z\r\nDTSTART:20261101T000000Z\r\nDTEND:20261201T000000Z\r\nEND:VFREEBUSY\r\n"
            "END:VCALENDAR\r\n");
  EXPECT_FALSE(times.add("no calendar at all"));
}

}  // namespace
}  // namespace mapistore::codec::busy_times_test
