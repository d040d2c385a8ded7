#include "calendar_test.h"
#include "core/conversion/time_zone_rules.h"

namespace mapistore::conversion::time_zone_test {
namespace {

TimeZone zone() {
  static const std::string text = calendar(berlin);
  const codec::ContentDocument document(text);
  return *TimeZone::read(document, document.root().children.at(0).children.at(0));
}

std::string utc_of(std::string_view wall) {
  return calendar_text({as_wall(zone().to_utc(parse_calendar_time(wall)->wall)), false, true});
}

TEST(TimeZone, FollowsItsRules) {
  EXPECT_EQ(utc_of("20240115T120000"), "20240115T110000Z");
  EXPECT_EQ(utc_of("20240715T120000"), "20240715T100000Z");
  EXPECT_EQ(utc_of("20240331T015959"), "20240331T005959Z");
  EXPECT_EQ(utc_of("20240331T023000"), "20240331T013000Z");
  EXPECT_EQ(utc_of("20240331T030000"), "20240331T010000Z");
  EXPECT_EQ(utc_of("20241027T023000"), "20241027T003000Z");
  EXPECT_EQ(utc_of("20241027T030000"), "20241027T020000Z");
  EXPECT_EQ(utc_of("19500101T000000"), "19491231T230000Z");
}

TEST(TimeZone, ReadsBackFromItsStructureAndLines) {
  bool exact = false;
  const ZoneDefinition definition = zone().definition(parse_calendar_time("20240101")->wall, exact);
  EXPECT_TRUE(exact);
  EXPECT_EQ(*decode_zone(encode_zone(definition)), definition);
  const TimeZone again = TimeZone::of("Europe/Berlin", definition);
  EXPECT_TRUE(again.definition(parse_calendar_time("20240101")->wall, exact) == definition);
  EXPECT_EQ(encode_zone_struct(definition.periods[0]).size(), 48u);
  ZonePeriod period = *decode_zone_struct(encode_zone_struct(definition.periods[0]));
  EXPECT_TRUE(period.to_daylight == definition.periods[0].to_daylight);
}

TEST(TimeZone, HasTheHeaderOfTheSpecification) {
  const Binary blob = encode_zone({"AB", {ZonePeriod{}}});
  ASSERT_EQ(blob.size(), 4u + 6 + 4 + 66);
  EXPECT_EQ(blob[0], std::byte{2});
  EXPECT_EQ(blob[1], std::byte{1});
  EXPECT_EQ(blob[2], std::byte{10});
  EXPECT_EQ(blob[16], std::byte{0x3e});
  for (std::size_t length = 0; length < blob.size(); ++length) {
    EXPECT_FALSE(decode_zone(Binary(blob.begin(), blob.begin() + static_cast<std::ptrdiff_t>(length)))) << length;
  }
}

TEST(TimeZone, ReadsOffsets) {
  EXPECT_EQ(parse_utc_offset("+0930"), std::chrono::minutes{570});
  EXPECT_EQ(parse_utc_offset("-0800"), -std::chrono::hours{8});
  EXPECT_EQ(parse_utc_offset("+005328"), std::chrono::seconds{3208});
  EXPECT_FALSE(parse_utc_offset("0100"));
  EXPECT_FALSE(parse_utc_offset("+1"));
}

}  // namespace
}  // namespace mapistore::conversion::time_zone_test
