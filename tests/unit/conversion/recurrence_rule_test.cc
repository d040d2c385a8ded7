#include <libical/ical.h>

#include "calendar_test.h"
#include "core/conversion/recurrence_rule.h"

namespace mapistore::conversion::recurrence_rule_test {
namespace {

std::string part_refused(std::string_view text) {
  const auto rule = parse_rule(text);
  if (!rule) return "malformed";
  std::string approximated;
  const auto pattern = pattern_of(*rule, parse_calendar_time("20240304T090000")->wall, std::nullopt, approximated);
  return pattern ? "" : pattern.error();
}

TEST(RecurrenceRule, ExpandsAsLibicalDoes) {
  for (const char* text :
       {"FREQ=DAILY;COUNT=40", "FREQ=DAILY;INTERVAL=10;COUNT=40", "FREQ=DAILY;BYDAY=MO,WE;COUNT=40",
        "FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=40", "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO,SU;COUNT=40",
        "FREQ=MONTHLY;COUNT=40", "FREQ=MONTHLY;BYDAY=1MO;COUNT=40", "FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=-1;COUNT=40",
        "FREQ=MONTHLY;BYDAY=-1FR;COUNT=40", "FREQ=YEARLY;COUNT=40",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=40", "FREQ=YEARLY;BYMONTH=3;BYDAY=1MO;COUNT=40"}) {
    std::string approximated;
    const WallTime start = parse_calendar_time("20240304T090000")->wall;
    const auto pattern = pattern_of(*parse_rule(text), start, std::nullopt, approximated);
    ASSERT_TRUE(pattern) << text;
    icalrecur_iterator* theirs =
        icalrecur_iterator_new(icalrecurrencetype_from_string(text), icaltime_from_string("20240304T090000"));
    std::uint64_t index = 0;
    for (icaltimetype next = icalrecur_iterator_next(theirs); !icaltime_is_null_time(next);
         next = icalrecur_iterator_next(theirs)) {
      if (index == 0 && midnight_of(start) != *instance_day(*pattern, 0)) {
        if (next.day == 4 && next.month == 3 && next.year == 2024) continue;
      }
      const auto day = instance_day(*pattern, index++);
      ASSERT_TRUE(day);
      EXPECT_EQ(calendar_text({*day, true, false}), std::string(icaltime_as_ical_string(next)).substr(0, 8)) << text;
    }
    icalrecur_iterator_free(theirs);
    EXPECT_GE(index, 39u) << text;
    EXPECT_EQ(*rule_text(*pattern, ""),
              *rule_text(*pattern_of(*parse_rule(*rule_text(*pattern, "")), start, std::nullopt, approximated), ""));
  }
}

TEST(RecurrenceRule, SaysWhatNoPatternTells) {
  EXPECT_EQ(part_refused("FREQ=DAILY"), "");
  EXPECT_EQ(part_refused("FREQ=HOURLY"), "FREQ");
  EXPECT_EQ(part_refused("FREQ=YEARLY;BYWEEKNO=3"), "BYWEEKNO");
  EXPECT_EQ(part_refused("FREQ=YEARLY;BYYEARDAY=3"), "BYYEARDAY");
  EXPECT_EQ(part_refused("FREQ=MONTHLY;BYMONTHDAY=1,15"), "BYMONTHDAY");
  EXPECT_EQ(part_refused("FREQ=MONTHLY;BYDAY=5MO"), "BYDAY");
  EXPECT_EQ(part_refused("FREQ=DAILY;INTERVAL=1000"), "INTERVAL");
  EXPECT_EQ(part_refused("FREQ=WEEKLY;INTERVAL=100"), "INTERVAL");
  EXPECT_EQ(part_refused("FREQ=DAILY;INTERVAL=2;BYDAY=MO"), "BYDAY");
  EXPECT_EQ(part_refused("FREQ=DAILY;COUNT=0"), "malformed");
  EXPECT_EQ(part_refused("INTERVAL=2"), "malformed");
  EXPECT_EQ(part_refused("FREQ=MONTHLY;BYDAY=2MO"), "");
}

TEST(RecurrenceRule, KnowsItsInstances) {
  std::string approximated;
  const WallTime start = parse_calendar_time("20240304T090000")->wall;
  const auto pattern = pattern_of(*parse_rule("FREQ=WEEKLY;COUNT=3"), start, std::nullopt, approximated);
  EXPECT_TRUE(has_instance(*pattern, parse_calendar_time("20240311")->wall));
  EXPECT_FALSE(has_instance(*pattern, parse_calendar_time("20240312")->wall));
  EXPECT_TRUE(has_instance(*pattern, parse_calendar_time("20240318")->wall));
  EXPECT_FALSE(has_instance(*pattern, parse_calendar_time("20240325")->wall));
  EXPECT_FALSE(has_instance(*pattern, parse_calendar_time("20240226")->wall));
}

}  // namespace
}  // namespace mapistore::conversion::recurrence_rule_test
