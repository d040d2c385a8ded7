#pragma once

#include "core/conversion/calendar_source.h"

namespace mapistore::conversion {

/// One component as a message; `series` is null, or for an exception the component that it changes.
struct ComponentReader {
  MessageKind kind;
  const CalendarSource& source;
  const codec::ContentComponent& component;
  const codec::ContentComponent* series = nullptr;
  MessageObject& message;
  LossReport& losses;

  const codec::ContentLine* find(std::string_view name) const noexcept { return source.find(component, name); }
  std::optional<LineTime> time(std::string_view name) const;
  void lose(std::string_view field, Fidelity fidelity, std::string_view reason) const {
    losses.add(std::string(field), fidelity, std::string(reason));
  }
};

// Each reads its part of a component. Parts depend on those before them.

void read_identity(const ComponentReader& reader);
void read_appointment_times(const ComponentReader& reader);
void read_task_times(const ComponentReader& reader);
void read_journal_times(const ComponentReader& reader);
void read_texts(const ComponentReader& reader);
void read_status(const ComponentReader& reader);
void read_task_status(const ComponentReader& reader);
void read_people(const ComponentReader& reader);
void read_alarm(const ComponentReader& reader);
void read_attachments(const ComponentReader& reader);
void read_stamps(const ComponentReader& reader);
/// RRULE, EXDATE, RDATE and `exceptions`.
void read_recurrence(const ComponentReader& reader, const std::vector<const codec::ContentComponent*>& exceptions);
/// Reports the lines that none of the others has read.
void report_unread(const ComponentReader& reader);

/// All of it, without recurrence.
void read_component(const ComponentReader& reader);

/// The message that a file holds.
ReadMessage read_calendar(MessageKind kind, const CalendarSource& source);

/// The start and end of an event on the clock of its zone.
struct EventTimes {
  LineTime start;
  UtcTime end;
  bool all_day = false;
};
std::optional<EventTimes> event_times(const CalendarSource& source, const codec::ContentComponent& component);

/// PidTagMessageClass of an exception's embedded message (MS-OXOCAL 2.2.10.1.1).
inline constexpr std::string_view exception_class = "IPM.OLE.CLASS.{00061055-0000-0000-C000-000000000046}";

/// PidTagAttachMethod.
inline constexpr std::int32_t attach_by_value = 1, attach_embedded = 5, attach_by_web_reference = 7;
/// PidTagAttachmentFlags of an exception.
inline constexpr std::int32_t attachment_is_exception = 2;

/// PidLidAppointmentStateFlags.
inline constexpr std::int32_t state_meeting = 1, state_received = 2, state_canceled = 4;

}  // namespace mapistore::conversion
