#include <algorithm>
#include <memory>
#include <set>

#include "core/codec/content_text.h"
#include "core/conversion/calendar_read.h"
#include "core/conversion/calendar_write.h"
#include "core/conversion/mail_values.h"
#include "core/conversion/recurrence_rule.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

using namespace std::chrono;
using Lines = std::vector<NewLine>;

/// How the times of a series or of a single event are written.
struct Clock {
  const TimeZone* zone = nullptr;
  bool all_day = false;
  bool floating = false;

  WallTime wall(UtcTime time) const { return zone != nullptr ? zone->to_wall(time) : as_wall(time); }
  UtcTime utc(WallTime time) const { return zone != nullptr ? zone->to_utc(time) : as_utc(time); }

  std::string parameters() const {
    if (all_day) return ";VALUE=DATE";
    return zone != nullptr ? ";TZID=" + codec::parameter_value(zone->id()) : std::string{};
  }
  std::string value(WallTime time) const {
    return calendar_text({all_day ? midnight_of(time) : time, all_day, zone == nullptr && !floating && !all_day});
  }
  NewLine line(std::string_view name, UtcTime time) const {
    return {std::string(name), parameters(), value(wall(time)), time, false};
  }
};

std::optional<UtcTime> time_of_property(const PropertyBag& bag, const PropertyId& id) {
  const auto* value = bag.get<SystemTime>(id);
  return value == nullptr ? std::nullopt : to_utc_time(*value);
}

/// Who wrote no end may have written the length.
std::optional<UtcTime> end_of(const PropertyBag& bag, UtcTime start) {
  if (const auto end = time_of_property(bag, PropertyName(lid::appointment_end_whole))) return end;
  const auto length = held_number(bag, PropertyName(lid::appointment_duration)).value_or(0);
  return length > 0 ? std::optional{start + minutes{length}} : std::nullopt;
}

void put_utc(Lines& lines, std::string_view name, const PropertyBag& bag, const PropertyId& id) {
  if (const auto time = time_of_property(bag, id)) lines.push_back(Clock{}.line(name, *time));
}

Clock start_clock(const MessageObject& message, const LineForm& form, Zones& zones) {
  Clock clock;
  clock.zone = zone_of(message, PropertyName(lid::appointment_time_zone_definition_start_display), zones);
  if (clock.zone == nullptr) {
    clock.zone = zone_of(message, PropertyName(lid::appointment_time_zone_definition_recur), zones);
  }
  clock.all_day = is_true(message.properties, PropertyName(lid::appointment_sub_type));
  clock.floating = form.floating;
  return clock;
}

void write_appointment_times(const MessageObject& message, const LineForm& form, Zones& zones, Lines& lines) {
  const PropertyBag& bag = message.properties;
  const Clock clock = start_clock(message, form, zones);
  const auto start = time_of_property(bag, PropertyName(lid::appointment_start_whole));
  if (!start) return;
  lines.push_back(clock.line("DTSTART", *start));
  const auto end = end_of(bag, *start);
  if (!end) return;
  const UtcTime implied = clock.all_day ? clock.utc(midnight_of(clock.wall(*start)) + days{1}) : *start;
  if (form.implied_end && *end == implied) return;
  if (form.has_duration) {
    const auto length = clock.all_day ? clock.wall(*end) - clock.wall(*start) : *end - *start;
    lines.push_back({"DURATION", {}, duration_text(length), std::nullopt, false});
    return;
  }
  Clock end_clock = clock;
  const TimeZone* zone = zone_of(message, PropertyName(lid::appointment_time_zone_definition_end_display), zones);
  if (zone != nullptr) end_clock.zone = zone;
  lines.push_back(end_clock.line("DTEND", *end));
}

void write_task_times(const PropertyBag& bag, Lines& lines) {
  const auto write = [&](std::string_view name, const PropertyId& day, const PropertyId& exact) {
    const auto date = time_of_property(bag, day);
    auto time = time_of_property(bag, exact);
    // A change of the day alone moves the time with it.
    if (date && time && abs(*time - *date) > days{2}) time = date;
    if (!time) time = date;
    if (!time) return;
    const bool date_only = as_utc(midnight_of(as_wall(*time))) == *time && (!date || *date == *time);
    lines.push_back(Clock{nullptr, date_only, false}.line(name, *time));
  };
  write("DTSTART", PropertyName(lid::task_start_date), PropertyName(lid::common_start));
  write("DUE", PropertyName(lid::task_due_date), PropertyName(lid::common_end));
  put_utc(lines, "COMPLETED", bag, PropertyName(lid::task_date_completed));
}

/// When a series' instance `day` begins.
std::string instance_value(const Clock& clock, std::uint32_t day, std::uint32_t offset) {
  return clock.value(wall_time(day) + minutes{offset});
}

std::string until_value(const Clock& clock, const RecurrencePattern& pattern, std::uint32_t offset) {
  const WallTime last = wall_time(pattern.end_date) + minutes{offset};
  if (clock.all_day || clock.floating) return clock.value(last);
  return calendar_text({as_wall(clock.utc(last)), false, true});
}

void write_exception_dates(const AppointmentRecurrence& recurrence, const Clock& clock, Lines& lines) {
  std::set<std::uint32_t> days = {recurrence.pattern.deleted.begin(), recurrence.pattern.deleted.end()};
  for (const RecurrenceException& exception : recurrence.exceptions) {
    days.erase(minutes_of(midnight_of(wall_time(exception.original_start))));
  }
  if (days.empty()) return;
  NewLine line{"EXDATE", clock.parameters(), {}, std::nullopt, false};
  for (const std::uint32_t day : days) {
    if (!line.value.empty()) line.value += ',';
    line.value += instance_value(clock, day, recurrence.start_offset);
  }
  lines.push_back(std::move(line));
}

/// Whether the changed instance stands beside the rule and is told by its times alone.
bool is_added_date(const AppointmentRecurrence& recurrence, const RecurrenceException& told, bool all_day) {
  if (has_instance(recurrence.pattern, midnight_of(wall_time(told.original_start)))) return false;
  RecurrenceException bare;
  bare.start = told.start;
  bare.original_start = told.start;
  bare.end = all_day ? told.start + recurrence.end_offset - recurrence.start_offset : told.end;
  return told == bare;
}

/// RDATE for the instances whose original day is not one of the rule's; a period is written where the length differs.
void write_added_dates(const AppointmentRecurrence& recurrence, const Clock& clock, Lines& lines) {
  NewLine usual{"RDATE", clock.parameters(), {}, std::nullopt, false};
  NewLine periods{"RDATE", ";VALUE=PERIOD" + clock.parameters(), {}, std::nullopt, false};
  for (const RecurrenceException& told : recurrence.exceptions) {
    if (has_instance(recurrence.pattern, midnight_of(wall_time(told.original_start)))) continue;
    const std::uint32_t length = told.end - std::min(told.start, told.end);
    const bool is_period = !clock.all_day && is_added_date(recurrence, told, false) &&
                           length != recurrence.end_offset - recurrence.start_offset;
    NewLine& line = is_period ? periods : usual;
    if (!line.value.empty()) line.value += ',';
    line.value += clock.value(wall_time(told.original_start));
    if (is_period) line.value += "/" + duration_text(minutes{length});
  }
  for (NewLine* line : {&usual, &periods})
    if (!line->value.empty()) lines.push_back(std::move(*line));
}

MessageObject told_exception(const MessageObject& series, const RecurrenceException& told, const Clock& clock) {
  MessageObject message;
  message.properties = series.properties;
  message.recipients = series.recipients;
  PropertyBag& bag = message.properties;
  for (const PropertyName& id : {PropertyName(lid::appointment_recur), PropertyName(lid::recurring)}) bag.erase(id);
  const auto set_time = [&](const PropertyName& id, std::uint32_t local) {
    if (const auto time = to_system_time(clock.utc(wall_time(local)))) bag.set(id, *time);
  };
  set_time(PropertyName(lid::appointment_start_whole), told.start);
  set_time(PropertyName(lid::appointment_end_whole), told.end);
  set_time(PropertyName(lid::exception_replace_time), told.original_start);
  if (told.subject) bag.set(tag::subject, *told.subject);
  if (told.location) bag.set(PropertyName(lid::location), *told.location);
  if (told.busy_status) bag.set(PropertyName(lid::busy_status), static_cast<std::int32_t>(*told.busy_status));
  if (told.all_day) bag.set(PropertyName(lid::appointment_sub_type), *told.all_day != 0);
  if (told.reminder_set) bag.set(PropertyName(lid::reminder_set), *told.reminder_set != 0);
  if (told.reminder_delta) bag.set(PropertyName(lid::reminder_delta), static_cast<std::int32_t>(*told.reminder_delta));
  if (told.meeting_type) {
    bag.set(PropertyName(lid::appointment_state_flags), static_cast<std::int32_t>(*told.meeting_type));
  }
  return message;
}

}  // namespace

const TimeZone* zone_of(const MessageObject& message, const PropertyId& id, Zones& zones) {
  const auto* blob = message.properties.get<Binary>(id);
  if (blob == nullptr) return nullptr;
  const auto definition = decode_zone(*blob);
  if (!definition) return nullptr;
  const std::string description = text_or_empty(message.properties, PropertyName(lid::time_zone_description));
  const bool described = !description.empty() && windows_zone_name(description) == definition->key_name;
  std::string name = described ? description : definition->key_name;
  if (name.empty()) name = "Zone";
  const auto [place, added] = zones.emplace(name, TimeZone::of(name, *definition));
  return &place->second;
}

void write_times(const MessageObject& message, const LineForm& form, Zones& zones, Lines& lines) {
  const PropertyBag& bag = message.properties;
  if (const auto original = time_of_property(bag, PropertyName(lid::exception_replace_time))) {
    Clock clock = start_clock(form.series != nullptr ? *form.series : message, form, zones);
    lines.push_back(clock.line("RECURRENCE-ID", *original));
  }
  const bool is_task = form.kind == MessageKind::task;
  PropertyName stamp = is_task ? PropertyName(lid::task_last_update) : PropertyName(lid::owner_critical_change);
  // An answer is the attendee's change, not the organizer's.
  if (!is_task && !bag.contains(stamp)) stamp = lid::attendee_critical_change;
  put_utc(lines, "DTSTAMP", bag, stamp);
  put_utc(lines, "CREATED", bag, tag::creation_time);
  put_utc(lines, "LAST-MODIFIED", bag, tag::last_modification_time);
  put_utc(lines, "X-MICROSOFT-CDO-REPLYTIME", bag, PropertyName(lid::appointment_reply_time));
  if (form.kind == MessageKind::appointment) write_appointment_times(message, form, zones, lines);
  if (is_task) write_task_times(bag, lines);
  if (form.kind == MessageKind::journal) {
    put_utc(lines, "DTSTART", bag, PropertyName(lid::log_start));
    put_utc(lines, "X-MAPISTORE-LOG-END", bag, PropertyName(lid::log_end));
  }
}

void write_recurrence(const MessageObject& message, const LineForm& form, Zones& zones, Lines& lines) {
  AppointmentRecurrence recurrence;
  Clock clock;
  if (form.kind == MessageKind::appointment && form.series == nullptr) {
    const auto* blob = message.properties.get<Binary>(PropertyName(lid::appointment_recur));
    const auto decoded =
        blob == nullptr ? Result<AppointmentRecurrence>(fail(Errc::no_data)) : decode_appointment_recurrence(*blob);
    if (!decoded) return;
    recurrence = *decoded;
    clock = start_clock(message, form, zones);
    // The recurrence counts on its own clock (MS-OXOCAL 2.2.1.41.2).
    if (const TimeZone* own = zone_of(message, PropertyName(lid::appointment_time_zone_definition_recur), zones)) {
      clock.zone = own;
    }
  } else if (form.kind == MessageKind::task) {
    const auto* blob = message.properties.get<Binary>(PropertyName(lid::task_recurrence));
    const auto decoded =
        blob == nullptr ? Result<RecurrencePattern>(fail(Errc::no_data)) : decode_task_recurrence(*blob);
    if (!decoded) return;
    recurrence.pattern = *decoded;
    clock.all_day = true;
  } else {
    return;
  }
  const auto rule = rule_text(recurrence.pattern, until_value(clock, recurrence.pattern, recurrence.start_offset));
  if (!rule) return;
  lines.push_back({"RRULE", {}, *rule, std::nullopt, false});
  write_exception_dates(recurrence, clock, lines);
  write_added_dates(recurrence, clock, lines);
}

std::vector<MessageObject> exceptions_of(const MessageObject& series) {
  std::vector<MessageObject> exceptions;
  std::set<std::uint64_t> attached;
  for (const Attachment& attachment : series.attachments) {
    const auto flags = held_number(attachment.properties, tag::attachment_flags).value_or(0);
    if (attachment.embedded == nullptr || (flags & attachment_is_exception) == 0) continue;
    MessageObject message = *attachment.embedded;
    const PropertyName id = lid::exception_replace_time;
    const auto* original = attachment.properties.get<SystemTime>(tag::exception_replace_time);
    if (original != nullptr && !message.properties.contains(id)) message.properties.set(id, *original);
    if (const auto* replaced = message.properties.get<SystemTime>(id)) attached.insert(replaced->ticks);
    exceptions.push_back(std::move(message));
  }
  const auto* blob = series.properties.get<Binary>(PropertyName(lid::appointment_recur));
  if (blob == nullptr) return exceptions;
  const auto recurrence = decode_appointment_recurrence(*blob);
  if (!recurrence) return exceptions;
  Zones zones;
  const Clock clock = start_clock(series, {}, zones);
  for (const RecurrenceException& told : recurrence->exceptions) {
    if (is_added_date(*recurrence, told, clock.all_day)) continue;
    const auto original = to_system_time(clock.utc(wall_time(told.original_start)));
    if (original && attached.insert(original->ticks).second) exceptions.push_back(told_exception(series, told, clock));
  }
  return exceptions;
}

}  // namespace mapistore::conversion
