#include "core/conversion/calendar_time.h"

#include <gtest/gtest.h>

namespace mapistore::conversion::calendar_time_test {
namespace {

using namespace std::chrono;

std::string again(std::string_view text) {
  const auto time = parse_calendar_time(text);
  return time ? calendar_text(*time) : "none";
}

TEST(CalendarTime, ReadsAndWrites) {
  EXPECT_EQ(again("20240305T091500Z"), "20240305T091500Z");
  EXPECT_EQ(again("20240305T091500"), "20240305T091500");
  EXPECT_EQ(again("20240305"), "20240305");
  EXPECT_EQ(again("2024-03-05T09:15:00Z"), "20240305T091500Z");
  EXPECT_EQ(again("16010101T000000"), "16010101T000000");
  EXPECT_EQ(again("20240305T240000"), "20240306T000000");
  EXPECT_EQ(again("20240305T235960Z"), "20240305T235959Z");
}

TEST(CalendarTime, RefusesWhatIsNone) {
  for (const char* text : {"", "2024", "20240230", "20240305T250000", "20240305T246000", "16001231", "45010101",
                           "20240305T0915001", "tomorrow", "20240305Zx"}) {
    EXPECT_EQ(again(text), "none") << text;
  }
}

TEST(CalendarTime, ReadsDurations) {
  EXPECT_EQ(parse_duration("PT15M"), minutes{15});
  EXPECT_EQ(parse_duration("-P1DT2H3M4S"), -(days{1} + hours{2} + minutes{3} + seconds{4}));
  EXPECT_EQ(parse_duration("+P2W"), weeks{2});
  for (const char* text : {"", "P", "PT", "15M", "P1", "PT99999999999999999999H", "P1X", "P99999W"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
  for (const seconds duration : {seconds{0}, seconds{-900}, seconds{604800}, seconds{90061}, seconds{86400}}) {
    EXPECT_EQ(parse_duration(duration_text(duration)), duration) << duration_text(duration);
  }
}

TEST(CalendarTime, CountsTicksFrom1601) {
  const UtcTime unix_epoch{};
  EXPECT_EQ(to_system_time(unix_epoch)->ticks, 116444736000000000u);
  EXPECT_EQ(to_utc_time({116444736000000000u}), unix_epoch);
  EXPECT_FALSE(to_system_time(UtcTime{} - days{400 * 366}));
  EXPECT_FALSE(to_utc_time({0x0CB34557A3DD4000 + 200 * 864000000000ull}));
  EXPECT_EQ(wall_time(minutes_of(wall_time(12345))), wall_time(12345));
}

}  // namespace
}  // namespace mapistore::conversion::calendar_time_test
