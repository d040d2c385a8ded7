#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "core/codec/content_text.h"
#include "core/conversion/calendar_time.h"
#include "core/conversion/formats.h"
#include "core/conversion/recurrence_pattern.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {

/// A calendar around one component, with CRLF.
inline std::string calendar(std::string_view lines) {
  std::string text = "BEGIN:VCALENDAR\nVERSION:2.0\n" + std::string(lines) + "END:VCALENDAR\n";
  std::string out;
  for (const char c : text) out += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return out;
}

inline std::string event(std::string_view lines) {
  return calendar("BEGIN:VEVENT\nUID:u1\n" + std::string(lines) + "END:VEVENT\n");
}

/// Berlin, as its rules have been since 1996.
inline const std::string berlin =
    "BEGIN:VTIMEZONE\nTZID:Europe/Berlin\n"
    "BEGIN:DAYLIGHT\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nDTSTART:19810329T020000\n"
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\nEND:DAYLIGHT\n"
    "BEGIN:STANDARD\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nDTSTART:19961027T030000\n"
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\nEND:VTIMEZONE\n";

inline ReadMessage read_text(const std::string& text, MessageKind kind = MessageKind::appointment) {
  return read_calendar(kind, SharedBytes::of(text));
}

inline MessageObject message_of(const std::string& text, MessageKind kind = MessageKind::appointment) {
  return read_text(text, kind).message;
}

/// The time of a property as iCalendar writes it in UTC; empty if there is none.
inline std::string utc(const PropertyBag& bag, const PropertyId& id) {
  const auto* value = bag.get<SystemTime>(id);
  const auto time = value == nullptr ? std::nullopt : to_utc_time(*value);
  return time ? calendar_text({as_wall(*time), false, true}) : std::string{};
}

inline std::string utc(const MessageObject& message, const PropertyName& id) { return utc(message.properties, id); }

template <class T>
T value(const PropertyBag& bag, const PropertyId& id) {
  const T* found = bag.get<T>(id);
  EXPECT_NE(found, nullptr);
  return found == nullptr ? T{} : *found;
}

inline bool loses(const LossReport& losses, std::string_view field) {
  return std::ranges::any_of(losses.losses(), [&](const Loss& loss) { return loss.field == field; });
}

inline std::string bytes_of(const Result<WrittenMessage>& written) {
  EXPECT_TRUE(written) << written.error().to_string();
  if (!written) return {};
  return *written->bytes.content->text(std::uint64_t{1} << 30);
}

inline std::string rendered(const MessageObject& message, MessageKind kind = MessageKind::appointment) {
  return bytes_of(render_calendar(kind, message));
}

inline std::string edited(const std::string& text, const MessageObject& wanted,
                          MessageKind kind = MessageKind::appointment) {
  return bytes_of(edit_calendar(kind, SharedBytes::of(text), message_of(text, kind), wanted));
}

inline AppointmentRecurrence recurrence(const MessageObject& message) {
  const auto decoded =
      decode_appointment_recurrence(value<Binary>(message.properties, PropertyName(lid::appointment_recur)));
  EXPECT_TRUE(decoded);
  return decoded ? *decoded : AppointmentRecurrence{};
}

inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

inline bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace mapistore::conversion
