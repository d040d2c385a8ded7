#include "core/codec/date.h"

#include <gtest/gtest.h>

namespace mapistore::codec::date_test {
namespace {

using namespace std::chrono_literals;

Time utc(int year, unsigned month, unsigned day, int hour = 0, int minute = 0, int second = 0) {
  using namespace std::chrono;
  return sys_days{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day}} + hours{hour} +
         minutes{minute} + seconds{second};
}

TEST(MailDate, IsReadInEveryFormThatOccurs) {
  const Time expected = utc(2026, 8, 17, 9, 31, 2);
  for (const std::string_view value : {
           "Mon, 17 Aug 2026 09:31:02 +0000", "Mon, 17 Aug 2026 11:31:02 +0200 (CEST)", "17 Aug 2026 09:31:02 GMT",
           "Mon, 17 Aug 26 05:31:02 EDT", "Mon, 17 August 2026 09:31:02 UT", "Mon 17 Aug 2026 09:31:02 Z",
           "Mon,17 Aug 2026 09:31:02", "Mon Aug 17 09:31:02 2026", "Mon Aug 17 11:31:02 CEST 2026",
           "Mon Aug 17 11:31:02 2026 +0200", "Mon, 17-Aug-2026 09:31:02 GMT", "Monday, 17-Aug-26 09:31:02 GMT",
           "2026-08-17T09:31:02Z", "2026-08-17T11:31:02+02:00", "2026-08-17 09:31:02.250", "17 Aug 2026 09.31.02",
           "Aug 17, 2026 9:31:02 AM", "Mon, 17 Aug 2026 01:31:02 -0800", "Mon, 17 Aug 2026 10:31:02 GMT+0100",
           "\r\n Mon,\r\n 17 Aug 2026\r\n 09:31:02 +0000", "Mon, 17 Aug 2026 09:31:02 Nowhere",
           "Mon, 17 Aug 2026 09:31:02 +9999", "Mon, 17 Aug 2026 15:01:02 +0530",
           "Mon, 17 Aug 2026 18:16:02 +0845", "Mon, 17 Aug 2026 00:01:02 -0930",
       }) {
    EXPECT_EQ(parse_mail_date(value), expected) << value;
  }
}

TEST(MailDate, KnowsOldYearsAndLateHours) {
  EXPECT_EQ(parse_mail_date("1 Jan 99 00:00:00 +0000"), utc(1999, 1, 1));
  EXPECT_EQ(parse_mail_date("1 Jan 102 00:00:00 +0000"), utc(2002, 1, 1));
  EXPECT_EQ(parse_mail_date("1 Jan 2020 24:00:00 +0000"), utc(2020, 1, 2));
  EXPECT_EQ(parse_mail_date("31 Dec 2020 23:59:60 +0000"), utc(2021, 1, 1));
  EXPECT_EQ(parse_mail_date("Jan 1, 2020 12:05 PM"), utc(2020, 1, 1, 12, 5));
  EXPECT_EQ(parse_mail_date("Jan 1, 2020 12:05 AM"), utc(2020, 1, 1, 0, 5));
}

TEST(MailDate, IsNothingWhenImpossible) {
  for (const std::string_view value :
       {"", "yesterday", "Mon, 17 Aug 2026", "32 Aug 2026 09:31:02", "30 Feb 2026 09:31:02 +0000",
        "17 Aug 2026 25:00:00", "17 Aug 2026 10:61:00", "17 Aug 99999999999999 10:00:00", "17 Aug 1601 10:00:00 +0000",
        "17 Aug 2500 10:00:00 +0000", "Aug 2026 10:00:00", "17 2026 10:00:00", "::::", "+-+-+-", "1 2 3 4 5 6 7 8"}) {
    EXPECT_EQ(parse_mail_date(value), std::nullopt) << value;
  }
}

TEST(CalendarDate, IsADateOrATime) {
  const auto time = parse_calendar_date("20260901T080000Z");
  ASSERT_TRUE(time);
  EXPECT_EQ(time->time, utc(2026, 9, 1, 8));
  EXPECT_FALSE(time->date_only);
  const auto day = parse_calendar_date("20260830");
  ASSERT_TRUE(day);
  EXPECT_EQ(day->time, utc(2026, 8, 30));
  EXPECT_TRUE(day->date_only);
}

TEST(CalendarDate, IsReadInItsVariants) {
  for (const std::string_view value : {"20260901T080000Z", "20260901T080000", "20260901t080000z", " 20260901T0800 ",
                                       "2026-09-01T08:00:00Z", "2026-09-01 08:00:00.000Z"}) {
    const auto date = parse_calendar_date(value);
    ASSERT_TRUE(date) << value;
    EXPECT_EQ(date->time, utc(2026, 9, 1, 8)) << value;
  }
  EXPECT_EQ(parse_calendar_date("20260901T240000")->time, utc(2026, 9, 2));
}

TEST(CalendarDate, IsNothingWhenImpossible) {
  for (const std::string_view value : {"", "2026", "20260230", "20261301T000000", "16010101T000000Z", "99990101",
                                       "P1D", "20260901T0800000", "tomorrow", "20260901T256000Z"}) {
    EXPECT_FALSE(parse_calendar_date(value)) << value;
  }
}

}  // namespace
}  // namespace mapistore::codec::date_test
