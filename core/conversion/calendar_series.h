#pragma once

#include <map>
#include <set>

#include "core/conversion/calendar_read.h"
#include "core/conversion/recurrence_pattern.h"

namespace mapistore::conversion {

/// The times of a series on its own clock.
struct Series {
  const TimeZone* zone = nullptr;
  WallTime start{};
  std::chrono::minutes length{0};
  bool all_day = false;

  WallTime wall(UtcTime time) const { return zone != nullptr ? zone->to_wall(time) : as_wall(time); }

  WallTime wall(const LineTime& time) const {
    if (time.written.date_only || (time.zone == zone && !time.written.utc)) return time.written.wall;
    return wall(time.utc());
  }
};

/// A value of an EXDATE or RDATE line on the clock of the series.
struct ListedDate {
  WallTime start{};
  std::chrono::minutes length{0};

  WallTime day() const { return midnight_of(start); }
};

/// What lines tell of a series beside its rule.
struct ListedDates {
  std::set<std::uint32_t> deleted;
  std::map<std::uint32_t, ListedDate> added;  ///< by day, of which none is one of the rule's
};

/// A series while its lines and the components of its exceptions are read.
struct SeriesReading {
  const ComponentReader& reader;  ///< of the series
  Series series;
  ListedDates dates;
  AppointmentRecurrence recurrence;
  std::set<std::uint32_t> changed_days{};  ///< original days of the exceptions
};

/// The overridden instance that `component`, the file's `number`th of the series, is. False: it belongs to no instance.
bool read_exception(SeriesReading& reading, const codec::ContentComponent& component, std::size_t number);

}  // namespace mapistore::conversion
