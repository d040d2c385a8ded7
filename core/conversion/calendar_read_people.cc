#include <algorithm>
#include <array>

#include "core/codec/ascii.h"
#include "core/conversion/calendar_people.h"
#include "core/conversion/calendar_read.h"
#include "core/conversion/calendar_values.h"
#include "core/conversion/mail_addresses.h"
#include "core/conversion/mail_values.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

using codec::ContentLine;
using codec::equal_ignoring_case;

/// Parameters that properties tell; of an ATTENDEE and an ORGANIZER.
constexpr std::array told_of_attendee{std::string_view{"CN"},       std::string_view{"ROLE"},
                                      std::string_view{"PARTSTAT"}, std::string_view{"CUTYPE"},
                                      std::string_view{"RSVP"},     reply_time_parameter};

std::string address_of(std::string_view value) {
  value = codec::trim(value);
  constexpr std::string_view scheme = "mailto:";
  if (codec::starts_ignoring_case(value, scheme)) value.remove_prefix(scheme.size());
  return std::string(codec::trim(value));
}

mime::Mailbox mailbox_of_line(const ComponentReader& reader, const std::vector<codec::ContentParameter>& parameters,
                              const ContentLine& line) {
  mime::Mailbox mailbox;
  mailbox.address = address_of(reader.source.decoded(line));
  for (const auto& parameter : parameters) {
    if (parameter.is("CN")) mailbox.display_name = parameter.values.front();
  }
  return mailbox;
}

std::string_view value_of(const std::vector<codec::ContentParameter>& parameters, std::string_view name) {
  for (const auto& parameter : parameters) {
    if (parameter.is(name)) return parameter.values.front();
  }
  return {};
}

std::int32_t type_of(std::string_view role, std::string_view user_type) {
  if (equal_ignoring_case(user_type, "RESOURCE") || equal_ignoring_case(user_type, "ROOM")) return attendee_resource;
  if (equal_ignoring_case(role, "OPT-PARTICIPANT")) return attendee_optional;
  return attendee_required;
}

void report_parameters(const ComponentReader& reader, const std::string& field,
                       const std::vector<codec::ContentParameter>& parameters, bool attendee) {
  for (const auto& parameter : parameters) {
    const bool told = attendee ? std::ranges::any_of(told_of_attendee, [&](auto name) { return parameter.is(name); })
                               : parameter.is("CN");
    if (!told) reader.lose(field + ";" + parameter.name, Fidelity::dropped, "no property has this parameter");
  }
}

/// What the attendee has answered and when, and whether an answer is asked for.
void read_reply(const ComponentReader& reader, const std::string& field,
                const std::vector<codec::ContentParameter>& parameters, PropertyBag& row) {
  if (const auto status = value_of(parameters, "PARTSTAT"); !status.empty()) {
    const auto known = index_of(participation_names, status);
    if (known)
      row.set(tag::recipient_track_status, *known);
    else
      reader.lose(field + ";PARTSTAT", Fidelity::dropped, "no property tells it");
  }
  if (const auto text = value_of(parameters, reply_time_parameter); !text.empty()) {
    const auto time = parse_calendar_time(text);
    const auto value = time && time->utc ? to_system_time(as_utc(time->wall)) : std::nullopt;
    if (value)
      row.set(tag::recipient_track_status_time, *value);
    else
      reader.lose(field + ";" + std::string(reply_time_parameter), Fidelity::dropped, "is no time in UTC");
  }
  if (const auto asked = value_of(parameters, "RSVP"); !asked.empty())
    row.set(tag::response_requested, equal_ignoring_case(asked, "TRUE"));
}

PropertyBag attendee_row(const ComponentReader& reader, const ContentLine& line, std::size_t number) {
  const auto parameters = codec::split_parameters(line.parameters);
  const std::string field = "ATTENDEE[" + std::to_string(number + 1) + "]";
  const std::string_view role = value_of(parameters, "ROLE");
  const std::string_view user_type = value_of(parameters, "CUTYPE");
  PropertyBag row = recipient_row(type_of(role, user_type), mailbox_of_line(reader, parameters, line), number);
  read_reply(reader, field, parameters, row);
  const std::array told_roles{std::string_view{"REQ-PARTICIPANT"}, std::string_view{"OPT-PARTICIPANT"},
                              std::string_view{}};
  if (std::ranges::none_of(told_roles, [&](auto known) { return equal_ignoring_case(known, role); })) {
    reader.lose(field + ";ROLE", Fidelity::approximated, "properties tell required, optional and resource");
  }
  const std::array told_types{std::string_view{"INDIVIDUAL"}, std::string_view{"RESOURCE"}, std::string_view{}};
  if (std::ranges::none_of(told_types, [&](auto known) { return equal_ignoring_case(known, user_type); })) {
    reader.lose(field + ";CUTYPE", Fidelity::approximated, "properties tell people and resources");
  }
  report_parameters(reader, field, parameters, true);
  return row;
}

}  // namespace

void read_people(const ComponentReader& reader) {
  MessageObject& message = reader.message;
  bool reply_requested = false;
  for (const std::size_t number : reader.component.lines) {
    const ContentLine& line = reader.source.document().content(number);
    if (!line.is("ATTENDEE")) continue;
    if (message.recipients.size() == most_parts) {
      reader.lose("ATTENDEE", Fidelity::dropped, "too many");
      break;
    }
    message.recipients.push_back(attendee_row(reader, line, message.recipients.size()));
    reply_requested = reply_requested || is_true(message.recipients.back(), tag::response_requested);
  }
  if (reply_requested) {
    message.properties.set(tag::response_requested, true);
    message.properties.set(tag::reply_requested, true);
  }
  const ContentLine* line = reader.find("ORGANIZER");
  if (line == nullptr) return;
  const auto parameters = codec::split_parameters(line->parameters);
  const mime::Mailbox organizer = mailbox_of_line(reader, parameters, *line);
  report_parameters(reader, "ORGANIZER", parameters, false);
  set_address(message.properties, sent_representing, organizer);
  for (PropertyBag& row : message.recipients) {
    if (equal_ignoring_case(mailbox_of(row, row_address).address, organizer.address)) {
      row.set(tag::recipient_flags, recipient_sendable | recipient_organizer);
      return;
    }
  }
  PropertyBag row = recipient_row(attendee_organizer, organizer, message.recipients.size());
  row.set(tag::recipient_flags, recipient_sendable | recipient_organizer);
  message.recipients.insert(message.recipients.begin(), std::move(row));
  std::int32_t number = 0;
  for (PropertyBag& each : message.recipients) each.set(tag::rowid, number++);
}

}  // namespace mapistore::conversion
