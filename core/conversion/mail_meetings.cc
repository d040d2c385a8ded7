#include "core/conversion/mail_meetings.h"

#include <algorithm>
#include <array>

#include "core/codec/ascii.h"
#include "core/codec/content_lines.h"
#include "core/conversion/calendar_people.h"
#include "core/conversion/calendar_source.h"
#include "core/conversion/calendar_values.h"
#include "core/conversion/formats.h"
#include "core/conversion/mail_addresses.h"
#include "core/conversion/mail_contents.h"
#include "core/conversion/mail_layout.h"
#include "core/conversion/mail_told.h"
#include "core/conversion/mail_values.h"
#include "core/properties/known_properties.h"
#include "core/properties/property_names.h"

namespace mapistore::conversion {
namespace {

constexpr std::size_t largest_calendar = 16 * 1024 * 1024;
constexpr std::string_view family = "IPM.Schedule.Meeting.", answer_family = "IPM.Schedule.Meeting.Resp.";

struct Answer {
  std::string_view status, message_class;
};
constexpr std::array answers = {Answer{"ACCEPTED", "IPM.Schedule.Meeting.Resp.Pos"},
                                Answer{"DECLINED", "IPM.Schedule.Meeting.Resp.Neg"},
                                Answer{"TENTATIVE", "IPM.Schedule.Meeting.Resp.Tent"}};

/// What the calendar tells of a recipient whom the header names.
constexpr std::array answer_tags = {tag::recipient_track_status, tag::recipient_track_status_time,
                                    tag::response_requested};

bool is_answer(std::string_view message_class) { return codec::starts_ignoring_case(message_class, answer_family); }

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

bool has_event(const SharedBytes& calendar) {
  return CalendarSource(MessageKind::appointment, calendar).main() != nullptr;
}

/// `calendar` with a METHOD as its first line (RFC 5546 1.4).
std::string with_method(std::string calendar, std::string_view method) {
  const std::size_t end = calendar.find('\n');
  if (method.empty() || end == std::string::npos) return calendar;
  return calendar.insert(end + 1, std::string("METHOD:").append(method).append("\r\n"));
}

/// The event of a mail of this class as its recipient has it.
ReadMessage read_meeting(std::string_view message_class, const SharedBytes& calendar) {
  ReadMessage read = read_calendar(MessageKind::appointment, calendar);
  PropertyBag& bag = read.message.properties;
  // An answer waits for none (MS-OXOCAL 2.2.1.11), and its stamp is that of the attendee.
  bag.set(lid::response_status, is_answer(message_class) ? response_none : response_missing);
  const auto* stamp = bag.get<SystemTime>(PropertyName(lid::owner_critical_change));
  if (stamp == nullptr || !is_answer(message_class)) return read;
  bag.set(lid::attendee_critical_change, *stamp);
  bag.erase(PropertyName(lid::owner_critical_change));
  return read;
}

const PropertyBag* row_of(const std::vector<PropertyBag>& rows, const PropertyBag& wanted) {
  const std::string address = mailbox_of(wanted, row_address).address;
  const auto found = std::ranges::find_if(rows, [&](const PropertyBag& row) {
    return codec::equal_ignoring_case(mailbox_of(row, row_address).address, address);
  });
  return found == rows.end() || address.empty() ? nullptr : &*found;
}

/// Makes `rows` say of the answers of people what `told` says of the same people.
void copy_answers(const std::vector<PropertyBag>& told, std::vector<PropertyBag>& rows) {
  for (PropertyBag& row : rows) {
    const PropertyBag* source = row_of(told, row);
    if (source == nullptr) continue;
    for (const PropertyTag tag : answer_tags) {
      const Property* property = source->find(tag);
      if (property == nullptr)
        row.erase(tag);
      else
        row.set(tag, property->value);
    }
  }
}

/// An answer goes from an attendee to the organizer: in its calendar they stand the other way round than in the mail.
void turn_people(std::string_view message_class, MessageObject& appointment) {
  const mime::Mailbox attendee = mailbox_of(appointment.properties, sent_representing);
  const mime::Mailbox organizer =
      appointment.recipients.empty() ? mime::Mailbox{} : mailbox_of(appointment.recipients.front(), row_address);
  erase_address(appointment.properties, sent_representing);
  if (!organizer.address.empty()) set_address(appointment.properties, sent_representing, organizer);
  appointment.recipients = {recipient_row(attendee_required, attendee, 0)};
  for (const Answer& answer : answers)
    if (codec::starts_ignoring_case(message_class, answer.message_class))
      appointment.recipients.front().set(tag::recipient_track_status, *index_of(participation_names, answer.status));
}

/// The author of an answer is not the organizer that its calendar names.
void keep_organizer(const MessageObject& before, MessageObject& after) {
  const mime::Mailbox organizer = mailbox_of(before.properties, sent_representing);
  erase_address(after.properties, sent_representing);
  if (!organizer.address.empty() || !organizer.display_name.empty())
    set_address(after.properties, sent_representing, organizer);
}

void report_difference(const std::string& place, const PropertyId& id, const PropertyBag& wanted,
                       const PropertyBag& told, LossReport& losses) {
  const Property* property = wanted.find(id);
  const Property* found = told.find(id);
  if (property == nullptr || (found != nullptr && found->value == property->value)) return;
  losses.add("text/calendar: " + place + property_key(property->id),
             found == nullptr ? Fidelity::dropped : Fidelity::approximated,
             found == nullptr ? "iCalendar does not tell it" : "iCalendar tells it otherwise");
}

/// What of `wanted` neither the mail nor the calendar in it tells.
void report_calendar(const MessageObject& wanted, std::string_view message_class, const SharedBytes& calendar,
                     LossReport& losses) {
  const MessageObject told = read_meeting(message_class, calendar).message;
  for (const Property& property : wanted.properties)
    if (!is_told_by_mail(property.id)) report_difference({}, property.id, wanted.properties, told.properties, losses);
  if (is_answer(message_class)) return;
  for (std::size_t i = 0; i < wanted.recipients.size(); ++i) {
    const PropertyBag* row = row_of(told.recipients, wanted.recipients[i]);
    for (const PropertyTag tag : answer_tags)
      report_difference("recipient[" + std::to_string(i) + "].", tag, wanted.recipients[i],
                        row == nullptr ? PropertyBag{} : *row, losses);
  }
}

}  // namespace

void merge_meeting(const mime::Part& part, MessageObject& message, LossReport& losses) {
  auto held = held_part(part, largest_calendar);
  if (!held) return losses.add("text/calendar", Fidelity::dropped, "is too large");
  const SharedBytes bytes = SharedBytes::of(*std::move(held));
  if (!has_event(bytes)) return losses.add("text/calendar", Fidelity::dropped, "has no event");
  const std::string_view message_class = class_of(type_parameter(part, "method"), bytes.view());
  ReadMessage meeting = read_meeting(message_class, bytes);
  for (const Property& property : meeting.message.properties)
    if (!message.properties.contains(property.id)) message.properties.set(property.id, property.value);
  message.properties.set(tag::message_class, std::string(message_class));
  if (message.recipients.empty())
    message.recipients = std::move(meeting.message.recipients);
  else
    copy_answers(meeting.message.recipients, message.recipients);
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
  const std::string message_class = text_or_empty(message.properties, tag::message_class);
  MessageObject appointment = message;
  appointment.attachments.clear();
  // The class tells as much of it as the mail does.
  appointment.properties.erase(PropertyName(lid::response_status));
  if (is_answer(message_class)) turn_people(message_class, appointment);
  WrittenMessage written = MAPISTORE_TRY(render_calendar(MessageKind::appointment, appointment));
  std::string calendar = MAPISTORE_TRY(written.bytes.content->text(largest_calendar));
  calendar = with_method(std::move(calendar), method_of(message_class));
  report_calendar(message, message_class, {calendar, nullptr}, losses);
  return calendar;
}

Result<std::optional<std::string>> edited_calendar(const mime::Part& part, const MessageObject& current,
                                                   const MessageObject& wanted, LossReport& losses) {
  auto held = held_part(part, largest_calendar);
  // Of what is no event, or too large, nothing was told.
  if (!held) return std::nullopt;
  const SharedBytes bytes = SharedBytes::of(*std::move(held));
  if (!has_event(bytes)) return std::nullopt;
  const std::string message_class = text_or_empty(current.properties, tag::message_class);
  MessageObject before = read_meeting(message_class, bytes).message;
  before.properties.erase(PropertyName(lid::response_status));
  MessageObject after = before;
  for (const Property& property : wanted.properties) {
    const Property* old = current.properties.find(property.id);
    if (old == nullptr || *old != property) after.properties.set(property.id, property.value);
  }
  for (const Property& property : current.properties)
    if (!wanted.properties.contains(property.id)) after.properties.erase(property.id);
  after.properties.set(tag::message_class, text_or_empty(before.properties, tag::message_class));
  after.properties.erase(PropertyName(lid::response_status));
  if (is_answer(message_class))
    keep_organizer(before, after);
  else
    copy_answers(wanted.recipients, after.recipients);
  WrittenMessage written = MAPISTORE_TRY(edit_calendar(MessageKind::appointment, bytes, before, after));
  std::string calendar = MAPISTORE_TRY(written.bytes.content->text(largest_calendar));
  if (calendar == bytes.view()) return std::nullopt;
  report_calendar(wanted, message_class, {calendar, nullptr}, losses);
  return calendar;
}

}  // namespace mapistore::conversion
