#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/message_object.h>

#include "core/conversion/convert.h"
#include "core/conversion/time_zone_rules.h"

namespace mapistore::conversion {

/// A line that a component is to have.
struct NewLine {
  std::string name;
  std::string parameters;  ///< each with its semicolon in front
  std::string value;       ///< escaped
  /// Of a single time: the moment, so that a line in its place can tell it on its own clock.
  std::optional<UtcTime> time;
  bool is_text = false;  ///< the parameters of a line in its place stay
  /// Stands as base64 in the place of `value`; encoded only if the line is written.
  std::optional<LargeValue> data{};

  std::string text() const;
  friend bool operator==(const NewLine&, const NewLine&) = default;
};

/// The zones that lines refer to, by TZID.
using Zones = std::map<std::string, TimeZone, std::less<>>;

/// How lines tell what properties leave open.
struct LineForm {
  MessageKind kind = MessageKind::appointment;
  bool floating = false;                  ///< times without a zone are of none, rather than UTC
  bool has_duration = false;              ///< DURATION stands where DTEND would
  bool implied_end = false;               ///< no line tells an end that follows from the start
  const MessageObject* series = nullptr;  ///< of an exception
};

/// The lines of a component that tell `message`, in the order in which they are written. Zones that they refer to are
/// added to `zones`, unless it has one of the name.
std::vector<NewLine> component_lines(const MessageObject& message, const LineForm& form, Zones& zones);

// The parts of these; they append.

void write_times(const MessageObject& message, const LineForm& form, Zones& zones, std::vector<NewLine>& lines);
void write_recurrence(const MessageObject& message, const LineForm& form, Zones& zones, std::vector<NewLine>& lines);
void write_fields(const MessageObject& message, const LineForm& form, std::vector<NewLine>& lines);
void write_people(const MessageObject& message, std::vector<NewLine>& lines);
void write_attachments(const MessageObject& message, std::vector<NewLine>& lines);

/// The line of a time; `id` is the property of its zone, or null for UTC.
const TimeZone* zone_of(const MessageObject& message, const PropertyId& id, Zones& zones);

/// The VALARM of the reminder, unfolded; empty if it has none.
std::vector<std::string> alarm_lines(const PropertyBag& bag);
/// The value of its TRIGGER; nothing: there is no reminder.
std::optional<std::string> trigger_of(const PropertyBag& bag);

/// The UID that the object has, or empty.
std::string uid_of_message(const PropertyBag& bag);

/// Changed instances of the series that are attached, and those that only the recurrence structure tells.
std::vector<MessageObject> exceptions_of(const MessageObject& series);

/// Properties of `wanted` that `told` does not have, or has otherwise.
void report_differences(const MessageObject& wanted, const MessageObject& told, LossReport& losses);

/// The whole of a text or of bytes, whatever its size.
std::optional<std::string> whole_value(const PropertyBag& bag, const PropertyId& id);

}  // namespace mapistore::conversion
