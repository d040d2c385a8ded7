#include <algorithm>
#include <limits>

#include "core/codec/ascii.h"
#include "core/conversion/calendar_object_id.h"
#include "core/conversion/calendar_read.h"
#include "core/conversion/mail_values.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

using namespace std::chrono;
using codec::ContentComponent;
using codec::ContentLine;

/// Whole minutes, none for what ends before it begins; the years that are read fit a property.
std::int32_t minutes_of_length(seconds length) {
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(duration_cast<minutes>(length).count(), 0, most));
}

void set_time(const ComponentReader& reader, const PropertyId& id, UtcTime time) {
  if (const auto value = to_system_time(time)) reader.message.properties.set(id, *value);
}

void set_zone(const ComponentReader& reader, const TimeZone& zone, WallTime reference, const PropertyId& display) {
  bool exact = true;
  const ZoneDefinition definition = zone.definition(reference, exact);
  reader.message.properties.set(display, encode_zone(definition));
  if (display != PropertyId(PropertyName(lid::appointment_time_zone_definition_start_display))) return;
  set_text(reader.message.properties, PropertyName(lid::time_zone_description), zone.id());
  if (!exact) reader.lose("VTIMEZONE", Fidelity::approximated, "has rules that zone structures cannot tell");
}

}  // namespace

std::optional<EventTimes> event_times(const CalendarSource& source, const ContentComponent& component) {
  const ContentLine* start_line = source.find(component, "DTSTART");
  const auto start = start_line == nullptr ? std::nullopt : source.time(*start_line);
  if (!start) return std::nullopt;
  EventTimes times{*start, start->utc(), start->written.date_only};
  LineTime next = *start;
  if (times.all_day) next.written.wall += days{1};
  times.end = next.utc();
  if (const ContentLine* line = source.find(component, "DTEND")) {
    if (const auto end = source.time(*line)) times.end = end->utc();
  } else if (const ContentLine* length = source.find(component, "DURATION")) {
    if (const auto duration = parse_duration(length->value)) {
      // Days are days of the calendar, hours are exact (RFC 5545 3.3.6); only whole days can differ.
      const auto whole = duration_cast<days>(*duration);
      next = *start;
      next.written.wall += whole;
      times.end = next.utc() + (*duration - whole);
    }
  }
  return times;
}

void read_identity(const ComponentReader& reader) {
  const std::string uid = reader.source.uid(reader.component);
  const ContentLine* line = reader.find("RECURRENCE-ID");
  std::optional<InstanceDate> instance;
  if (line != nullptr) {
    if (const auto original = reader.time("RECURRENCE-ID")) {
      instance = InstanceDate{floor<days>(original->written.wall)};
      set_time(reader, PropertyName(lid::exception_replace_time), original->utc());
    }
    if (!line->parameter("RANGE").empty()) {
      reader.lose("RECURRENCE-ID", Fidelity::approximated, "changes only its own instance");
    }
  }
  if (uid.empty()) return;
  reader.message.properties.set(PropertyName(lid::global_object_id), global_object_id(uid, instance));
  reader.message.properties.set(PropertyName(lid::clean_global_object_id), global_object_id(uid, std::nullopt));
}

void read_appointment_times(const ComponentReader& reader) {
  reader.time("DTSTART");
  const auto end_line = reader.time("DTEND");
  const auto times = event_times(reader.source, reader.component);
  if (!times) return;
  if (const ContentLine* line = reader.find("DURATION"); line != nullptr && !end_line && !parse_duration(line->value)) {
    reader.lose("DURATION", Fidelity::dropped, "is no duration");
  }
  const UtcTime start = times->start.utc();
  const UtcTime end = std::max(start, times->end);
  if (end != times->end) reader.lose("DTEND", Fidelity::dropped, "is before the start");
  for (const PropertyId& id : {PropertyId(PropertyName(lid::appointment_start_whole)),
                               PropertyId(PropertyName(lid::common_start)), PropertyId(tag::start_date)}) {
    set_time(reader, id, start);
  }
  for (const PropertyId& id : {PropertyId(PropertyName(lid::appointment_end_whole)),
                               PropertyId(PropertyName(lid::common_end)), PropertyId(tag::end_date)}) {
    set_time(reader, id, end);
  }
  PropertyBag& bag = reader.message.properties;
  bag.set(PropertyName(lid::appointment_duration), minutes_of_length(end - start));
  bag.set(PropertyName(lid::appointment_sub_type), times->all_day);
  if (times->start.zone != nullptr) {
    set_zone(reader, *times->start.zone, times->start.written.wall,
             PropertyName(lid::appointment_time_zone_definition_start_display));
  }
  const TimeZone* end_zone = end_line ? end_line->zone : times->start.zone;
  if (end_zone != nullptr) {
    set_zone(reader, *end_zone, times->start.written.wall,
             PropertyName(lid::appointment_time_zone_definition_end_display));
  }
}

void read_task_times(const ComponentReader& reader) {
  const auto read = [&](std::string_view name, const PropertyId& date, const PropertyId* exact) {
    const auto time = reader.time(name);
    if (!time) return;
    const UtcTime midnight = as_utc(midnight_of(time->written.wall));
    set_time(reader, date, midnight);
    if (exact != nullptr)
      set_time(reader, *exact, time->written.date_only ? midnight : time->utc());
    else if (!time->written.date_only && time->utc() != midnight) {
      reader.lose(name, Fidelity::approximated, "properties tell only the day");
    }
    if (time->zone != nullptr && !time->written.date_only) {
      reader.lose(std::string(name) + ";TZID", Fidelity::approximated, "properties tell the time in UTC");
    }
  };
  const PropertyId common_start = PropertyName(lid::common_start);
  const PropertyId common_end = PropertyName(lid::common_end);
  read("DTSTART", PropertyName(lid::task_start_date), &common_start);
  read("DUE", PropertyName(lid::task_due_date), &common_end);
  read("COMPLETED", PropertyName(lid::task_date_completed), nullptr);
  if (reader.find("DURATION") != nullptr) reader.lose("DURATION", Fidelity::dropped, "no property tells it");
}

void read_journal_times(const ComponentReader& reader) {
  PropertyBag& bag = reader.message.properties;
  const auto start = reader.time("DTSTART");
  if (start) {
    const UtcTime time = start->written.date_only ? as_utc(start->written.wall) : start->utc();
    set_time(reader, PropertyName(lid::log_start), time);
    set_time(reader, PropertyName(lid::common_start), time);
    if (start->written.date_only) reader.lose("DTSTART", Fidelity::approximated, "a date: its midnight in UTC");
  }
  if (const auto end = reader.time("X-MAPISTORE-LOG-END"); end && start) {
    set_time(reader, PropertyName(lid::log_end), end->utc());
    set_time(reader, PropertyName(lid::common_end), end->utc());
    bag.set(PropertyName(lid::log_duration), minutes_of_length(end->utc() - start->utc()));
  }
  if (const ContentLine* line = reader.find("X-MAPISTORE-LOG-TYPE")) {
    set_text(bag, PropertyName(lid::log_type), reader.source.text(*line));
  }
}

void read_stamps(const ComponentReader& reader) {
  const auto read = [&](std::string_view name, const PropertyId& id) {
    if (const auto time = reader.time(name)) set_time(reader, id, time->utc());
  };
  const bool is_task = reader.kind == MessageKind::task;
  read("DTSTAMP", is_task ? PropertyName(lid::task_last_update) : PropertyName(lid::owner_critical_change));
  read("CREATED", tag::creation_time);
  read("LAST-MODIFIED", tag::last_modification_time);
  read("X-MICROSOFT-CDO-REPLYTIME", PropertyName(lid::appointment_reply_time));
}

}  // namespace mapistore::conversion
