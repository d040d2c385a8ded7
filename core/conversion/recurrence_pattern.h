#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <mapistore/property.h>

namespace mapistore::conversion {

/// RecurrencePattern.PatternType (MS-OXOCAL 2.2.1.44.1).
enum class PatternType : std::uint16_t {
  day = 0,
  week = 1,
  month = 2,
  month_nth = 3,
  month_end = 4,
  hijri_month = 10,
  hijri_month_nth = 11,
  hijri_month_end = 12,
};

enum class PatternFrequency : std::uint16_t { daily = 0x200a, weekly = 0x200b, monthly = 0x200c, yearly = 0x200d };

enum class PatternEnd : std::uint32_t { by_date = 0x2021, after_count = 0x2022, never = 0x2023 };

/// RecurrencePattern (MS-OXOCAL 2.2.1.44.1), which is all of PidLidTaskRecurrence. Dates are minutes since
/// 1601-01-01T00:00 on the clock of the series' zone.
struct RecurrencePattern {
  PatternFrequency frequency = PatternFrequency::daily;
  PatternType type = PatternType::day;
  std::uint16_t calendar = 0;    ///< CalendarType: 0 the default, 1 Gregorian, others are not of iCalendar
  std::uint32_t first_date = 0;  ///< FirstDateTime: where the first period begins, modulo the period
  std::uint32_t period = 0;      ///< days in minutes; weeks; months, also of years
  std::uint32_t sliding = 0;     ///< tasks that recur from their completion
  std::uint32_t weekdays = 0;    ///< week, month_nth: bit 0 Sunday to bit 6 Saturday
  std::uint32_t day = 0;         ///< month, month_end: day of the month
  std::uint32_t nth = 0;         ///< month_nth: 1 to 4, 5 the last
  PatternEnd end = PatternEnd::never;
  std::uint32_t count = 10;
  std::uint32_t first_weekday = 0;      ///< 0 Sunday
  std::vector<std::uint32_t> deleted;   ///< days without their regular instance, ascending
  std::vector<std::uint32_t> modified;  ///< days with a moved or changed instance, ascending
  std::uint32_t start_date = 0;
  std::uint32_t end_date = never_ends;

  static constexpr std::uint32_t never_ends = 0x5ae980df;

  friend bool operator==(const RecurrencePattern&, const RecurrencePattern&) = default;
};

/// ExceptionInfo with its ExtendedException (MS-OXOCAL 2.2.1.44.2, .4): a changed instance. Unset: as the series.
struct RecurrenceException {
  std::uint32_t start = 0;  ///< local minutes
  std::uint32_t end = 0;
  std::uint32_t original_start = 0;
  std::optional<std::string> subject;
  std::optional<std::uint32_t> meeting_type;  ///< AppointmentStateFlags
  std::optional<std::uint32_t> reminder_delta;
  std::optional<std::uint32_t> reminder_set;
  std::optional<std::string> location;
  std::optional<std::uint32_t> busy_status;
  std::optional<std::uint32_t> attachment;
  std::optional<std::uint32_t> all_day;  ///< SubType
  std::optional<std::uint32_t> color;
  bool has_body = false;

  friend bool operator==(const RecurrenceException&, const RecurrenceException&) = default;
};

/// AppointmentRecurrencePattern (MS-OXOCAL 2.2.1.44.5): PidLidAppointmentRecur.
struct AppointmentRecurrence {
  RecurrencePattern pattern;
  std::uint32_t start_offset = 0;  ///< minutes from midnight
  std::uint32_t end_offset = 0;    ///< counted from the same midnight
  std::vector<RecurrenceException> exceptions;

  friend bool operator==(const AppointmentRecurrence&, const AppointmentRecurrence&) = default;
};

Binary encode_recurrence(const RecurrencePattern& pattern);
Binary encode_recurrence(const AppointmentRecurrence& recurrence);

/// Errc::invalid_content if the blob ends early or is of no known pattern. Reserved blocks and what follows are passed
/// over.
Result<RecurrencePattern> decode_task_recurrence(const Binary& blob);
Result<AppointmentRecurrence> decode_appointment_recurrence(const Binary& blob);

}  // namespace mapistore::conversion
