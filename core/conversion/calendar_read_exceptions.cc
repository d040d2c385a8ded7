#include <algorithm>
#include <memory>

#include "core/conversion/calendar_series.h"
#include "core/conversion/recurrence_rule.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

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

}  // namespace

bool read_exception(SeriesReading& reading, const codec::ContentComponent& component, std::size_t number) {
  const ComponentReader& reader = reading.reader;
  const Series& series = reading.series;
  AppointmentRecurrence& recurrence = reading.recurrence;
  const codec::ContentLine* line = reader.source.find(component, "RECURRENCE-ID");
  const auto original = line == nullptr ? std::nullopt : reader.source.time(*line);
  if (!original) return false;
  const WallTime original_wall = series.wall(*original);
  const WallTime day = midnight_of(original_wall);
  const bool is_added = reading.dates.added.contains(minutes_of(day));
  if (!is_added && !has_instance(recurrence.pattern, day)) return false;
  if (!reading.changed_days.insert(minutes_of(day)).second) return false;
  reading.dates.added.erase(minutes_of(day));
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

}  // namespace mapistore::conversion
