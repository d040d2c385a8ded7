#include "core/conversion/calendar_read.h"

#include <algorithm>
#include <array>

#include "core/codec/ascii.h"
#include "core/conversion/calendar_object_id.h"
#include "core/conversion/formats.h"
#include "core/conversion/mail_values.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

using codec::ContentComponent;
using codec::ContentLine;
using codec::equal_ignoring_case;

/// Lines that the readers of parts tell, or report, themselves.
constexpr std::array read_names = {std::string_view{"UID"},
                                   std::string_view{"RECURRENCE-ID"},
                                   std::string_view{"DTSTART"},
                                   std::string_view{"DTEND"},
                                   std::string_view{"DUE"},
                                   std::string_view{"DURATION"},
                                   std::string_view{"COMPLETED"},
                                   std::string_view{"RRULE"},
                                   std::string_view{"EXDATE"},
                                   std::string_view{"RDATE"},
                                   std::string_view{"EXRULE"},
                                   std::string_view{"SUMMARY"},
                                   std::string_view{"DESCRIPTION"},
                                   std::string_view{"X-ALT-DESC"},
                                   std::string_view{"LOCATION"},
                                   std::string_view{"CATEGORIES"},
                                   std::string_view{"CLASS"},
                                   std::string_view{"PRIORITY"},
                                   std::string_view{"TRANSP"},
                                   std::string_view{"X-MICROSOFT-CDO-BUSYSTATUS"},
                                   std::string_view{"X-MICROSOFT-CDO-INTENDEDSTATUS"},
                                   std::string_view{"STATUS"},
                                   std::string_view{"ORGANIZER"},
                                   std::string_view{"ATTENDEE"},
                                   std::string_view{"SEQUENCE"},
                                   std::string_view{"DTSTAMP"},
                                   std::string_view{"CREATED"},
                                   std::string_view{"LAST-MODIFIED"},
                                   std::string_view{"ATTACH"},
                                   std::string_view{"X-MICROSOFT-CDO-OWNERAPPTID"},
                                   std::string_view{"X-MICROSOFT-DISALLOW-COUNTER"},
                                   std::string_view{"X-MICROSOFT-CDO-REPLYTIME"},
                                   std::string_view{"X-MAPISTORE-RESPONSE-STATUS"},
                                   std::string_view{"PERCENT-COMPLETE"},
                                   std::string_view{"X-MAPISTORE-TASK-STATUS"},
                                   std::string_view{"X-MAPISTORE-LOG-TYPE"},
                                   std::string_view{"X-MAPISTORE-LOG-END"},
                                   std::string_view{"VERSION"},
                                   std::string_view{"CALSCALE"}};

/// Of these, the ones whose further lines count, too.
constexpr std::array repeated_names = {std::string_view{"EXDATE"}, std::string_view{"RDATE"},
                                       std::string_view{"CATEGORIES"}, std::string_view{"ATTENDEE"},
                                       std::string_view{"ATTACH"}};
/// Lines whose parameters are read by those who read them.
constexpr std::array parameter_readers = {std::string_view{"ATTENDEE"}, std::string_view{"ORGANIZER"},
                                          std::string_view{"ATTACH"}};
constexpr std::array form_parameters = {std::string_view{"VALUE"}, std::string_view{"TZID"},
                                        std::string_view{"ENCODING"}, std::string_view{"CHARSET"},
                                        std::string_view{"FMTTYPE"}};

constexpr auto contains_name = [](const auto& names, std::string_view name) {
  return std::ranges::any_of(names, [&](std::string_view one) { return equal_ignoring_case(one, name); });
};

void report_parameters(const ComponentReader& reader, const ContentLine& line) {
  if (line.parameters.empty() || contains_name(parameter_readers, line.name)) return;
  for (const auto& parameter : codec::split_parameters(line.parameters)) {
    if (contains_name(form_parameters, parameter.name)) continue;
    reader.lose(std::string(line.name) + ";" + parameter.name, Fidelity::dropped, "no property has this parameter");
  }
}

/// Reports the lines of `component`, which is not the message itself, that nothing reads.
void report_frame(const CalendarSource& source, const ContentComponent& component, LossReport& losses) {
  for (const std::size_t number : component.lines) {
    const ContentLine& line = source.document().content(number);
    if (line.is("VERSION") || line.is("CALSCALE")) continue;
    losses.add(std::string(line.name), Fidelity::dropped, "no property tells it");
  }
}

}  // namespace

std::optional<LineTime> ComponentReader::time(std::string_view name) const {
  const ContentLine* line = find(name);
  if (line == nullptr) return std::nullopt;
  auto read = source.time(*line);
  if (!read) lose(name, Fidelity::dropped, "is no time that properties can hold");
  if (read && read->is_of_unknown_zone) {
    lose(name, Fidelity::approximated, "the file does not describe the zone: taken as UTC");
  } else if (read && read->is_floating() && !read->written.date_only) {
    lose(name, Fidelity::approximated, "a time of no zone: taken as UTC");
  }
  return read;
}

void report_unread(const ComponentReader& reader) {
  std::vector<std::string> seen;
  for (const std::size_t number : reader.component.lines) {
    const ContentLine& line = reader.source.document().content(number);
    if (!contains_name(read_names, line.name)) {
      reader.lose(line.name, Fidelity::dropped, "no property tells it");
      continue;
    }
    report_parameters(reader, line);
    if (contains_name(repeated_names, line.name)) continue;
    std::string name(line.name);
    std::ranges::transform(name, name.begin(), codec::lower);
    if (std::ranges::find(seen, name) != seen.end())
      reader.lose(line.name, Fidelity::dropped, "only the first counts");
    else
      seen.push_back(std::move(name));
  }
}

void read_component(const ComponentReader& reader) {
  const bool is_exception = reader.series != nullptr;
  reader.message.properties.set(tag::message_class,
                                std::string(is_exception ? exception_class : message_class(reader.kind)));
  read_identity(reader);
  if (reader.kind == MessageKind::appointment) read_appointment_times(reader);
  if (reader.kind == MessageKind::task) read_task_times(reader);
  if (reader.kind == MessageKind::journal) read_journal_times(reader);
  read_texts(reader);
  read_status(reader);
  if (reader.kind == MessageKind::task) read_task_status(reader);
  read_people(reader);
  read_alarm(reader);
  read_attachments(reader);
  read_stamps(reader);
  report_unread(reader);
}

ReadMessage read_calendar(MessageKind kind, const SharedBytes& bytes) {
  return read_calendar(kind, CalendarSource(kind, bytes));
}

ReadMessage read_calendar(MessageKind kind, const CalendarSource& source) {
  ReadMessage read;
  if (source.main() == nullptr) {
    read.message.properties.set(tag::message_class, std::string(message_class(kind)));
    read.losses.add(std::string(component_name(kind)), Fidelity::dropped, "the file has no such component");
    return read;
  }
  report_frame(source, *source.calendar(), read.losses);
  const ComponentReader reader{kind, source, *source.main(), nullptr, read.message, read.losses};
  read_component(reader);
  read_recurrence(reader, source.exceptions());
  for (const ContentComponent* other : source.others()) {
    read.losses.add(std::string(other->name), Fidelity::dropped, "belongs to another message");
  }
  return read;
}

}  // namespace mapistore::conversion
