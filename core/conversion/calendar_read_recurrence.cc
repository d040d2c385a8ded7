#include <algorithm>

#include "core/codec/ascii.h"
#include "core/conversion/calendar_series.h"
#include "core/conversion/mail_values.h"
#include "core/conversion/recurrence_rule.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

using namespace std::chrono;
using codec::ContentComponent;
using codec::ContentLine;

/// What PidLidClipEnd says of a series without end (MS-OXOCAL 2.2.1.15).
constexpr SystemTime clip_never{0x0CB34557A3DD4000};

/// The rule of dates that stand alone: they have one beside them (MS-OXCICAL 2.1.3.1.1.20.18), which gives the start.
constexpr std::string_view rule_of_the_start = "FREQ=DAILY;COUNT=1";

std::optional<Series> series_of(const ComponentReader& reader) {
  if (reader.kind == MessageKind::appointment) {
    const auto times = event_times(reader.source, reader.component);
    if (!times) return std::nullopt;
    Series series{times->start.zone, times->start.written.wall, minutes{0}, times->all_day};
    series.length = duration_cast<minutes>(series.wall(std::max(times->end, times->start.utc())) - series.start);
    return series;
  }
  const ContentLine* line = reader.find("DTSTART");
  if (line == nullptr) line = reader.find("DUE");
  const auto start = line == nullptr ? std::nullopt : reader.source.time(*line);
  if (!start) return std::nullopt;
  return Series{start->zone, start->written.wall, minutes{0}, start->written.date_only};
}

std::optional<WallTime> until_of(const RecurrenceRule& rule, const Series& series) {
  if (!rule.until) return std::nullopt;
  if (rule.until->date_only) return rule.until->wall + days{1} - seconds{1};
  return rule.until->utc ? series.wall(as_utc(rule.until->wall)) : rule.until->wall;
}

std::optional<RecurrencePattern> read_pattern(const ComponentReader& reader, const Series& series) {
  const ContentLine* line = reader.find("RRULE");
  const bool has_dates_alone = line == nullptr && reader.kind == MessageKind::appointment && reader.find("RDATE");
  if (line == nullptr && !has_dates_alone) return std::nullopt;
  const auto rule = parse_rule(has_dates_alone ? rule_of_the_start : line->value);
  if (!rule) {
    reader.lose("RRULE", Fidelity::dropped, "is no rule");
    return std::nullopt;
  }
  std::string approximated;
  auto pattern = pattern_of(*rule, series.start, until_of(*rule, series), approximated);
  if (!pattern) {
    reader.lose("RRULE", Fidelity::dropped, "no pattern tells its " + pattern.error());
    return std::nullopt;
  }
  if (!approximated.empty()) reader.lose("RRULE", Fidelity::approximated, approximated);
  return *pattern;
}

std::optional<ListedDate> read_listed_date(const ComponentReader& reader, const Series& series, const LineZone& zone,
                                           std::string_view value) {
  const std::size_t slash = value.find('/');
  const auto time = reader.source.time(zone, value.substr(0, slash));
  if (!time) return std::nullopt;
  ListedDate date{series.wall(*time), series.length};
  if (time->written.date_only && !series.all_day) date.start += series.start - midnight_of(series.start);
  if (slash == std::string_view::npos) return date;
  const std::string_view rest = value.substr(slash + 1);
  if (const auto duration = parse_duration(rest)) {
    date.length = floor<minutes>(*duration);
  } else if (const auto end = reader.source.time(zone, rest)) {
    date.length = floor<minutes>(series.wall(*end) - date.start);
  } else {
    return std::nullopt;
  }
  if (date.length < minutes{0}) return std::nullopt;
  return date;
}

/// Hands each value of the lines `name` to `take`.
template <class Take>
void each_date(const ComponentReader& reader, const Series& series, std::string_view name, Take take) {
  for (const std::size_t number : reader.component.lines) {
    const ContentLine& line = reader.source.document().content(number);
    if (!line.is(name)) continue;
    const LineZone zone = reader.source.line_zone(line);
    for (const std::string_view piece : codec::split_unescaped(line.value, ',')) {
      if (codec::trim(piece).empty()) continue;
      if (const auto date = read_listed_date(reader, series, zone, codec::trim(piece)))
        take(*date);
      else
        reader.lose(name, Fidelity::dropped, "is no time");
    }
  }
}

void set_series(const SeriesReading& reading) {
  const RecurrencePattern& pattern = reading.recurrence.pattern;
  PropertyBag& bag = reading.reader.message.properties;
  if (const TimeZone* zone = reading.series.zone) {
    bool exact = true;
    const ZoneDefinition definition = zone->definition(reading.series.start, exact);
    bag.set(PropertyName(lid::appointment_time_zone_definition_recur), encode_zone(definition));
    bag.set(PropertyName(lid::time_zone_struct), encode_zone_struct(definition.periods.front()));
  }
  bag.set(PropertyName(lid::appointment_recur), encode_recurrence(reading.recurrence));
  bag.set(PropertyName(lid::recurring), true);
  const auto type = static_cast<std::int32_t>(pattern.frequency) - static_cast<std::int32_t>(PatternFrequency::daily);
  bag.set(PropertyName(lid::recurrence_type), type + 1);
  if (const auto time = to_system_time(as_utc(wall_time(pattern.start_date)))) {
    bag.set(PropertyName(lid::clip_start), *time);
  }
  const auto end = to_system_time(as_utc(wall_time(pattern.end_date)));
  bag.set(PropertyName(lid::clip_end), pattern.end == PatternEnd::never || !end ? clip_never : *end);
}

/// `has_rule`: the series has a pattern.
void read_dates(SeriesReading& reading, bool has_rule) {
  const ComponentReader& reader = reading.reader;
  const Series& series = reading.series;
  std::map<std::uint32_t, ListedDate>& added = reading.dates.added;
  const auto is_of_rule = [&](const ListedDate& date) {
    return has_rule && has_instance(reading.recurrence.pattern, date.day());
  };
  each_date(reader, series, "RDATE", [&](const ListedDate& date) {
    const bool is_usual =
        date.start - date.day() == series.start - midnight_of(series.start) && date.length == series.length;
    if (is_usual && (is_of_rule(date) || date.start == series.start)) return;
    if (!has_rule || reader.kind != MessageKind::appointment)
      reader.lose("RDATE", Fidelity::dropped, "no pattern tells them");
    else if (is_of_rule(date) || added.contains(minutes_of(date.day())))
      reader.lose("RDATE", Fidelity::dropped, "a pattern tells one instance a day");
    else if (added.size() == most_parts)
      reader.lose("RDATE", Fidelity::dropped, "too many");
    else
      added.emplace(minutes_of(date.day()), date);
  });
  each_date(reader, series, "EXDATE", [&](const ListedDate& date) {
    if (is_of_rule(date))
      reading.dates.deleted.insert(minutes_of(date.day()));
    else if (added.erase(minutes_of(date.day())) == 0)
      reader.lose("EXDATE", Fidelity::dropped, "the series has no instance on that day");
  });
}

void read_exceptions(SeriesReading& reading, bool has_rule, const std::vector<const ContentComponent*>& exceptions) {
  std::size_t number = 1;
  for (const ContentComponent* exception : exceptions) {
    ++number;
    const bool read = has_rule && reading.reader.kind == MessageKind::appointment && number < most_parts &&
                      read_exception(reading, *exception, number);
    if (read) continue;
    reading.reader.lose(std::string(exception->name) + "[" + std::to_string(number) + "]", Fidelity::dropped,
                        "changes no instance that properties tell");
  }
}

/// Dates beside the rule, as MS-OXCICAL 2.1.3.1.1.20.18 tells them: changed instances whose original day is theirs.
void add_dates(SeriesReading& reading) {
  for (const auto& [day, date] : reading.dates.added) {
    RecurrenceException exception;
    exception.start = exception.original_start = minutes_of(date.start);
    exception.end = exception.start + static_cast<std::uint32_t>(date.length.count());
    reading.recurrence.pattern.modified.push_back(day);
    reading.recurrence.exceptions.push_back(std::move(exception));
    reading.changed_days.insert(day);
  }
}

/// Whether dates without a rule leave an event that happens once.
bool is_the_start_alone(const SeriesReading& reading) {
  return reading.dates.added.empty() && reading.dates.deleted.empty() && reading.changed_days.empty();
}

/// The days and times of the whole series, in the order that structures want.
void settle(SeriesReading& reading) {
  auto& [reader, series, dates, recurrence, changed_days] = reading;
  dates.deleted.insert(changed_days.begin(), changed_days.end());
  recurrence.pattern.deleted.assign(dates.deleted.begin(), dates.deleted.end());
  std::ranges::sort(recurrence.pattern.modified);
  std::ranges::sort(recurrence.exceptions, {}, &RecurrenceException::start);
  recurrence.start_offset =
      static_cast<std::uint32_t>(floor<minutes>(series.start - midnight_of(series.start)).count());
  recurrence.end_offset =
      recurrence.start_offset + static_cast<std::uint32_t>(std::max<std::int64_t>(series.length.count(), 0));
}

}  // namespace

void read_recurrence(const ComponentReader& reader, const std::vector<const ContentComponent*>& exceptions) {
  if (reader.find("EXRULE") != nullptr) reader.lose("EXRULE", Fidelity::dropped, "no pattern tells it");
  const auto series = series_of(reader);
  const bool may_recur = series && reader.kind != MessageKind::journal;
  if (reader.find("RRULE") != nullptr && !may_recur)
    reader.lose("RRULE", Fidelity::dropped, "the component has no start that recurs");
  const auto pattern = may_recur ? read_pattern(reader, *series) : std::nullopt;
  SeriesReading reading{reader, series.value_or(Series{}), {}, {}, {}};
  if (pattern) reading.recurrence.pattern = *pattern;
  if (series) read_dates(reading, pattern.has_value());
  read_exceptions(reading, pattern.has_value(), exceptions);
  if (!pattern || (reader.find("RRULE") == nullptr && is_the_start_alone(reading))) return;
  add_dates(reading);
  settle(reading);
  if (reader.kind == MessageKind::appointment) return set_series(reading);
  reader.message.properties.set(PropertyName(lid::task_recurrence), encode_recurrence(reading.recurrence.pattern));
  reader.message.properties.set(PropertyName(lid::task_f_recurring), true);
}

}  // namespace mapistore::conversion
