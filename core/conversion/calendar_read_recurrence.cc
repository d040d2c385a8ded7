#include <algorithm>
#include <memory>
#include <set>

#include "core/codec/ascii.h"
#include "core/conversion/calendar_read.h"
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

/// The times of a series on its own clock.
struct Series {
  const TimeZone* zone = nullptr;
  WallTime start{};
  minutes length{0};
  bool all_day = false;

  WallTime wall(UtcTime time) const { return zone != nullptr ? zone->to_wall(time) : as_wall(time); }

  WallTime wall(const LineTime& time) const {
    if (time.written.date_only || (time.zone == zone && !time.written.utc)) return time.written.wall;
    return wall(time.utc());
  }
};

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
  if (line == nullptr) return std::nullopt;
  const auto rule = parse_rule(line->value);
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

/// Hands the day of each value of the lines `name` to `take`.
template <class Take>
void each_date(const ComponentReader& reader, const Series& series, std::string_view name, Take take) {
  for (const std::size_t number : reader.component.lines) {
    const ContentLine& line = reader.source.document().content(number);
    if (!line.is(name)) continue;
    const LineZone zone = reader.source.line_zone(line);
    for (const std::string_view piece : codec::split_unescaped(line.value, ',')) {
      if (codec::trim(piece).empty()) continue;
      const auto time = reader.source.time(zone, piece.substr(0, piece.find('/')));
      if (!time)
        reader.lose(name, Fidelity::dropped, "is no time");
      else
        take(midnight_of(series.wall(*time)), series.wall(*time));
    }
  }
}

template <class T>
std::optional<T> changed(const PropertyBag& bag, const PropertyBag& series, const PropertyId& id) {
  const T* value = bag.get<T>(id);
  if (value == nullptr) return std::nullopt;
  const T* before = series.get<T>(id);
  if (before != nullptr && *before == *value) return std::nullopt;
  return *value;
}

RecurrenceException exception_of(const MessageObject& message, const MessageObject& series) {
  RecurrenceException exception;
  const PropertyBag& bag = message.properties;
  const auto number = [&](const PropertyName& id) -> std::optional<std::uint32_t> {
    const auto value = changed<std::int32_t>(bag, series.properties, id);
    if (!value) return std::nullopt;
    return static_cast<std::uint32_t>(*value);
  };
  const auto flag = [&](const PropertyName& id) -> std::optional<std::uint32_t> {
    const auto value = changed<bool>(bag, series.properties, id);
    if (!value) return std::nullopt;
    return *value ? 1 : 0;
  };
  exception.subject = changed<std::string>(bag, series.properties, tag::subject);
  exception.location = changed<std::string>(bag, series.properties, PropertyName(lid::location));
  exception.meeting_type = number(lid::appointment_state_flags);
  exception.reminder_delta = number(lid::reminder_delta);
  exception.reminder_set = flag(lid::reminder_set);
  exception.busy_status = number(lid::busy_status);
  exception.all_day = flag(lid::appointment_sub_type);
  if (!message.attachments.empty()) exception.attachment = 1;
  const Property* body = bag.find(tag::body);
  const Property* series_body = series.properties.find(tag::body);
  exception.has_body = body != nullptr && (series_body == nullptr || *series_body != *body);
  return exception;
}

void attach_exception(MessageObject& series, MessageObject message, const RecurrenceException& exception) {
  Attachment attachment;
  PropertyBag& bag = attachment.properties;
  bag.set(tag::attach_number, static_cast<std::int32_t>(series.attachments.size()));
  bag.set(tag::attach_method, attach_embedded);
  bag.set(tag::rendering_position, std::int32_t{-1});
  bag.set(tag::attachment_flags, attachment_is_exception);
  bag.set(tag::attachment_hidden, true);
  if (const auto time = to_system_time(as_utc(wall_time(exception.start)))) bag.set(tag::exception_start_time, *time);
  if (const auto time = to_system_time(as_utc(wall_time(exception.end)))) bag.set(tag::exception_end_time, *time);
  if (const auto* original = message.properties.get<SystemTime>(PropertyName(lid::exception_replace_time))) {
    bag.set(tag::exception_replace_time, *original);
  }
  attachment.embedded = std::make_shared<const MessageObject>(std::move(message));
  series.attachments.push_back(std::move(attachment));
}

/// One overridden instance. False: it belongs to no instance of the series.
bool read_exception(const ComponentReader& reader, const ContentComponent& component, std::size_t number,
                    const Series& series, AppointmentRecurrence& recurrence, std::set<std::uint32_t>& changed_days) {
  const ContentLine* line = reader.source.find(component, "RECURRENCE-ID");
  const auto original = line == nullptr ? std::nullopt : reader.source.time(*line);
  if (!original) return false;
  const WallTime original_wall = series.wall(*original);
  const WallTime day = midnight_of(original_wall);
  if (!has_instance(recurrence.pattern, day)) return false;
  if (!changed_days.insert(minutes_of(day)).second) return false;
  MessageObject message;
  LossReport losses;
  read_component({reader.kind, reader.source, component, &reader.component, message, losses});
  reader.losses.append(std::string(component.name) + "[" + std::to_string(number) + "].", losses);
  RecurrenceException exception = exception_of(message, reader.message);
  const auto times = event_times(reader.source, component);
  const WallTime start = times ? series.wall(times->start) : original_wall;
  const UtcTime start_utc = times ? times->start.utc() : UtcTime{};
  const WallTime end = times ? series.wall(std::max(times->end, start_utc)) : original_wall + series.length;
  exception.start = minutes_of(start);
  exception.end = minutes_of(std::max(start, end));
  exception.original_start =
      minutes_of(day + (original->written.date_only && !series.all_day ? series.start - midnight_of(series.start)
                                                                       : original_wall - day));
  recurrence.pattern.modified.push_back(minutes_of(midnight_of(start)));
  attach_exception(reader.message, std::move(message), exception);
  recurrence.exceptions.push_back(std::move(exception));
  return true;
}

void set_series(const ComponentReader& reader, const AppointmentRecurrence& recurrence) {
  const RecurrencePattern& pattern = recurrence.pattern;
  PropertyBag& bag = reader.message.properties;
  bag.set(PropertyName(lid::appointment_recur), encode_recurrence(recurrence));
  bag.set(PropertyName(lid::recurring), true);
  const auto type = static_cast<std::int32_t>(pattern.frequency) - static_cast<std::int32_t>(PatternFrequency::daily);
  bag.set(PropertyName(lid::recurrence_type), type + 1);
  if (const auto time = to_system_time(as_utc(wall_time(pattern.start_date)))) {
    bag.set(PropertyName(lid::clip_start), *time);
  }
  const auto end = to_system_time(as_utc(wall_time(pattern.end_date)));
  bag.set(PropertyName(lid::clip_end), pattern.end == PatternEnd::never || !end ? clip_never : *end);
}

void read_dates(const ComponentReader& reader, const Series& series, const RecurrencePattern* pattern,
                std::set<std::uint32_t>& deleted) {
  each_date(reader, series, "EXDATE", [&](WallTime day, WallTime) {
    if (pattern != nullptr && has_instance(*pattern, day))
      deleted.insert(minutes_of(day));
    else
      reader.lose("EXDATE", Fidelity::dropped, "the series has no instance on that day");
  });
  each_date(reader, series, "RDATE", [&](WallTime day, WallTime time) {
    const bool is_regular =
        pattern != nullptr && has_instance(*pattern, day) && time - day == series.start - midnight_of(series.start);
    if (!is_regular && time != series.start)
      reader.lose("RDATE", Fidelity::dropped, "no pattern tells dates beside its rule");
  });
}

}  // namespace

void read_recurrence(const ComponentReader& reader, const std::vector<const ContentComponent*>& exceptions) {
  if (reader.find("EXRULE") != nullptr) reader.lose("EXRULE", Fidelity::dropped, "no pattern tells it");
  const auto series = series_of(reader);
  const auto pattern = series && reader.kind != MessageKind::journal ? read_pattern(reader, *series) : std::nullopt;
  if (reader.find("RRULE") != nullptr && (!series || reader.kind == MessageKind::journal)) {
    reader.lose("RRULE", Fidelity::dropped, "the component has no start that recurs");
  }
  std::set<std::uint32_t> deleted;
  std::set<std::uint32_t> changed_days;
  if (series) read_dates(reader, *series, pattern ? &*pattern : nullptr, deleted);
  AppointmentRecurrence recurrence;
  if (pattern) recurrence.pattern = *pattern;
  std::size_t number = 1;
  for (const ContentComponent* exception : exceptions) {
    ++number;
    const bool read = pattern && reader.kind == MessageKind::appointment && number < most_parts &&
                      read_exception(reader, *exception, number, *series, recurrence, changed_days);
    if (!read) {
      reader.lose(std::string(exception->name) + "[" + std::to_string(number) + "]", Fidelity::dropped,
                  "changes no instance that properties tell");
    }
  }
  if (!pattern) return;
  deleted.insert(changed_days.begin(), changed_days.end());
  recurrence.pattern.deleted.assign(deleted.begin(), deleted.end());
  std::ranges::sort(recurrence.pattern.modified);
  if (reader.kind == MessageKind::task) {
    reader.message.properties.set(PropertyName(lid::task_recurrence), encode_recurrence(recurrence.pattern));
    reader.message.properties.set(PropertyName(lid::task_f_recurring), true);
    return;
  }
  const WallTime midnight = midnight_of(series->start);
  recurrence.start_offset = static_cast<std::uint32_t>(floor<minutes>(series->start - midnight).count());
  recurrence.end_offset =
      recurrence.start_offset + static_cast<std::uint32_t>(std::max<std::int64_t>(series->length.count(), 0));
  std::ranges::sort(recurrence.exceptions, {}, &RecurrenceException::start);
  set_series(reader, recurrence);
}

}  // namespace mapistore::conversion
