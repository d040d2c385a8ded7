#include "core/conversion/recurrence_pattern.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "core/codec/little_endian.h"

namespace mapistore::conversion::recurrence_pattern_test {
namespace {

Binary bytes(std::initializer_list<int> values) {
  Binary out;
  for (const int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

AppointmentRecurrence weekly() {
  AppointmentRecurrence recurrence;
  recurrence.pattern.frequency = PatternFrequency::weekly;
  recurrence.pattern.type = PatternType::week;
  recurrence.pattern.first_date = 0x2A;
  recurrence.pattern.period = 1;
  recurrence.pattern.weekdays = 0x3E;
  recurrence.pattern.end = PatternEnd::after_count;
  recurrence.pattern.count = 12;
  recurrence.pattern.start_date = 0x0CBCEAC0;
  recurrence.pattern.end_date = 0x0CBD3A60;
  recurrence.start_offset = 0x258;
  recurrence.end_offset = 0x276;
  return recurrence;
}

TEST(RecurrencePattern, HasTheBytesOfTheSpecification) {
  const Binary expected = bytes(
      {0x04, 0x30, 0x04, 0x30, 0x0B, 0x20, 0x01, 0x00, 0x00, 0x00, 0x2A, 0,    0,    0,    1,    0,    0, 0, 0,    0,
       0,    0,    0x3E, 0,    0,    0,    0x22, 0x20, 0,    0,    0x0C, 0,    0,    0,    0,    0,    0, 0, 0,    0,
       0,    0,    0,    0,    0,    0,    0xC0, 0xEA, 0xBC, 0x0C, 0x60, 0x3A, 0xBD, 0x0C, 0x06, 0x30, 0, 0, 0x09, 0x30,
       0,    0,    0x58, 0x02, 0,    0,    0x76, 0x02, 0,    0,    0,    0,    0,    0,    0,    0,    0, 0, 0,    0});
  EXPECT_EQ(encode_recurrence(weekly()), expected);
}

TEST(RecurrencePattern, ReadsBackEveryType) {
  for (const PatternType type : {PatternType::day, PatternType::week, PatternType::month, PatternType::month_nth,
                                 PatternType::month_end, PatternType::hijri_month, PatternType::hijri_month_nth}) {
    AppointmentRecurrence recurrence = weekly();
    recurrence.pattern.type = type;
    const bool has_nth = type == PatternType::month_nth || type == PatternType::hijri_month_nth;
    const bool has_days = has_nth || type == PatternType::week;
    recurrence.pattern.weekdays = has_days ? 4 : 0;
    recurrence.pattern.nth = has_nth ? 5 : 0;
    recurrence.pattern.day = has_days || type == PatternType::day ? 0 : 17;
    recurrence.pattern.deleted = {1440, 2880};
    recurrence.pattern.modified = {2880};
    EXPECT_EQ(*decode_appointment_recurrence(encode_recurrence(recurrence)), recurrence);
    EXPECT_EQ(*decode_task_recurrence(encode_recurrence(recurrence.pattern)), recurrence.pattern);
  }
}

TEST(RecurrencePattern, ReadsBackExceptions) {
  AppointmentRecurrence recurrence = weekly();
  RecurrenceException all{10, 20, 30, "J\xC3\xB6rg \xF0\x9F\x98\x80", 3, 15, 1, "Raum", 2, 1, 0, 7, true};
  recurrence.exceptions = {all, RecurrenceException{}, RecurrenceException{}};
  recurrence.exceptions[1].location = "K\xC3\xB6ln";
  recurrence.exceptions[2].reminder_delta = 5;
  EXPECT_EQ(*decode_appointment_recurrence(encode_recurrence(recurrence)), recurrence);
}

TEST(RecurrencePattern, WritesTheNarrowTextWithItsTwoLengths) {
  AppointmentRecurrence recurrence = weekly();
  recurrence.exceptions.emplace_back();
  recurrence.exceptions[0].subject = "ab";
  const Binary blob = encode_recurrence(recurrence);
  const Binary narrow = bytes({0x01, 0x00, 0x03, 0x00, 0x02, 0x00, 'a', 'b'});
  EXPECT_NE(std::search(blob.begin(), blob.end(), narrow.begin(), narrow.end()), blob.end());
  const Binary wide = bytes({0x02, 0x00, 'a', 0, 'b', 0});
  EXPECT_NE(std::search(blob.begin(), blob.end(), wide.begin(), wide.end()), blob.end());
}

TEST(RecurrencePattern, OlderWritersHaveNoChangeHighlight) {
  AppointmentRecurrence recurrence = weekly();
  recurrence.exceptions.emplace_back();
  recurrence.exceptions[0].subject = "\xC3\xA9";
  Binary blob = encode_recurrence(recurrence);
  const Binary version = bytes({0x09, 0x30, 0, 0});
  const auto at = std::search(blob.begin(), blob.end(), version.begin(), version.end());
  *at = std::byte{0x08};
  const Binary highlight = bytes({4, 0, 0, 0, 0, 0, 0, 0});
  const auto begin = std::search(at, blob.end(), highlight.begin(), highlight.end());
  ASSERT_NE(begin, blob.end());
  blob.erase(begin, begin + 8);
  EXPECT_EQ(*decode_appointment_recurrence(blob), recurrence);
}

TEST(RecurrencePattern, RefusesWhatIsCutShortAnywhereBeforeTheExtensions) {
  AppointmentRecurrence recurrence = weekly();
  recurrence.pattern.deleted = {1440};
  const Binary blob = encode_recurrence(recurrence);
  for (std::size_t length = 0; length < blob.size() - 8; ++length) {
    EXPECT_FALSE(
        decode_appointment_recurrence(Binary(blob.begin(), blob.begin() + static_cast<std::ptrdiff_t>(length))))
        << length;
  }
}

TEST(RecurrencePattern, RefusesCountsBeyondTheBlob) {
  Binary blob = encode_recurrence(weekly());
  for (std::size_t i = 38; i < 42; ++i) blob[i] = std::byte{0xff};
  EXPECT_FALSE(decode_appointment_recurrence(blob));
}

}  // namespace
}  // namespace mapistore::conversion::recurrence_pattern_test
