#include "core/conversion/mail_meetings.h"

#include <algorithm>
#include <array>

#include "core/codec/ascii.h"
#include "core/codec/content_lines.h"
#include "core/conversion/formats.h"
#include "core/conversion/mail_contents.h"
#include "core/conversion/mail_layout.h"
#include "core/conversion/mail_values.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

constexpr std::size_t largest_calendar = 16 * 1024 * 1024;
constexpr std::string_view family = "IPM.Schedule.Meeting.";

struct Answer {
  std::string_view status, message_class;
};
constexpr std::array answers = {Answer{"ACCEPTED", "IPM.Schedule.Meeting.Resp.Pos"},
                                Answer{"DECLINED", "IPM.Schedule.Meeting.Resp.Neg"},
                                Answer{"TENTATIVE", "IPM.Schedule.Meeting.Resp.Tent"}};

/// What the one who answers says: of several attendees the first.
std::string_view answer_class(std::string_view calendar) {
  codec::ContentLines lines(calendar);
  while (const auto line = lines.next()) {
    if (!line->is("ATTENDEE")) continue;
    for (const Answer& answer : answers)
      if (codec::equal_ignoring_case(line->parameter("PARTSTAT"), answer.status)) return answer.message_class;
    break;
  }
  return answers.back().message_class;
}

std::string_view class_of(std::string_view method, std::string_view calendar) {
  if (codec::equal_ignoring_case(method, "request")) return "IPM.Schedule.Meeting.Request";
  if (codec::equal_ignoring_case(method, "cancel")) return "IPM.Schedule.Meeting.Canceled";
  return answer_class(calendar);
}

bool has_event(std::string_view calendar) {
  codec::ContentLines lines(calendar);
  while (const auto line = lines.next())
    if (line->is("BEGIN", "VEVENT")) return true;
  return false;
}

/// `calendar` with a METHOD as its first line (RFC 5546 1.4).
std::string with_method(std::string calendar, std::string_view method) {
  const std::size_t end = calendar.find('\n');
  if (method.empty() || end == std::string::npos) return calendar;
  return calendar.insert(end + 1, std::string("METHOD:").append(method).append("\r\n"));
}

}  // namespace

void merge_meeting(const mime::Part& part, MessageObject& message, LossReport& losses) {
  auto held = held_part(part, largest_calendar);
  if (!held || !has_event(*held)) return losses.add("text/calendar", Fidelity::dropped, "has no event");
  const std::string_view message_class = class_of(type_parameter(part, "method"), *held);
  ReadMessage meeting = read_calendar(MessageKind::appointment, SharedBytes::of(*std::move(held)));
  for (const Property& property : meeting.message.properties)
    if (!message.properties.contains(property.id)) message.properties.set(property.id, property.value);
  message.properties.set(tag::message_class, std::string(message_class));
  if (message.recipients.empty()) message.recipients = std::move(meeting.message.recipients);
  losses.append("text/calendar: ", meeting.losses);
}

bool is_meeting_class(std::string_view message_class) noexcept {
  return codec::starts_ignoring_case(message_class, family);
}

std::string_view method_of(std::string_view message_class) noexcept {
  if (!is_meeting_class(message_class)) return {};
  message_class.remove_prefix(family.size());
  if (codec::starts_ignoring_case(message_class, "Resp.")) return "REPLY";
  return codec::starts_ignoring_case(message_class, "Canceled") ? "CANCEL" : "REQUEST";
}

Result<std::string> meeting_calendar(const MessageObject& message, LossReport& losses) {
  MessageObject appointment = message;
  appointment.attachments.clear();
  WrittenMessage written = MAPISTORE_TRY(render_calendar(MessageKind::appointment, appointment));
  for (const Loss& loss : written.losses.losses())
    if (loss.fidelity != Fidelity::exact) losses.add("text/calendar: " + loss.field, loss.fidelity, loss.reason);
  std::string calendar = MAPISTORE_TRY(written.bytes.content->text(largest_calendar));
  return with_method(std::move(calendar), method_of(text_or_empty(message.properties, tag::message_class)));
}

Result<std::string> edited_calendar(const mime::Part& part, const MessageObject& current, const MessageObject& wanted,
                                    LossReport& losses) {
  auto held = held_part(part, largest_calendar);
  if (!held) return fail(Errc::too_large, "text/calendar", "is too large to be changed");
  const SharedBytes bytes = SharedBytes::of(*std::move(held));
  const MessageObject before = read_calendar(MessageKind::appointment, bytes).message;
  MessageObject after = before;
  for (const Property& property : wanted.properties) {
    const Property* old = current.properties.find(property.id);
    if (old == nullptr || *old != property) after.properties.set(property.id, property.value);
  }
  for (const Property& property : current.properties)
    if (!wanted.properties.contains(property.id)) after.properties.erase(property.id);
  after.properties.set(tag::message_class, text_or_empty(before.properties, tag::message_class));
  WrittenMessage written = MAPISTORE_TRY(edit_calendar(MessageKind::appointment, bytes, before, after));
  losses.append("text/calendar: ", written.losses);
  return written.bytes.content->text(largest_calendar);
}

}  // namespace mapistore::conversion
