#include "core/conversion/calendar_write.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/codec/charset.h"
#include "core/codec/code_pages.h"
#include "core/codec/content_text.h"
#include "core/codec/transfer.h"
#include "core/conversion/calendar_object_id.h"
#include "core/conversion/calendar_people.h"
#include "core/conversion/calendar_read.h"
#include "core/conversion/calendar_values.h"
#include "core/conversion/mail_addresses.h"
#include "core/conversion/mail_values.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

using namespace std::chrono;
using Lines = std::vector<NewLine>;

constexpr std::uint64_t largest_value = std::uint64_t{1} << 30;
constexpr std::int32_t utf8_page = 65001;

void put(Lines& lines, std::string_view name, std::string value) {
  lines.push_back({std::string(name), {}, std::move(value), std::nullopt, false});
}

void put_text(Lines& lines, std::string_view name, const PropertyBag& bag, const PropertyId& id) {
  if (const auto text = whole_value(bag, id)) {
    lines.push_back({std::string(name), {}, codec::escaped_text(*text), std::nullopt, true});
  }
}

void put_html(Lines& lines, const PropertyBag& bag) {
  const auto html = whole_value(bag, tag::html);
  if (!html) return;
  const Property* property = bag.find(tag::html);
  const auto page = held_number(bag, tag::internet_codepage).value_or(utf8_page);
  std::string text;
  if (std::holds_alternative<std::string>(property->value) || page == utf8_page)
    text = *html;
  else
    codec::CharsetDecoder().append(text, codec::charset_of_code_page(static_cast<std::uint32_t>(page)), *html);
  lines.push_back({"X-ALT-DESC", ";FMTTYPE=text/html", codec::escaped_text(text), std::nullopt, false});
}

void put_categories(Lines& lines, const PropertyBag& bag) {
  const auto* categories = bag.get<std::vector<std::string>>(PropertyName(pname::keywords));
  if (categories == nullptr || categories->empty()) return;
  std::string list;
  for (const std::string& category : *categories) {
    if (!list.empty()) list += ',';
    list += codec::escaped_text(category);
  }
  put(lines, "CATEGORIES", std::move(list));
}

template <std::size_t size>
void put_word(Lines& lines, std::string_view name, const std::array<std::string_view, size>& words,
              std::optional<std::int32_t> number) {
  if (number && *number >= 0 && static_cast<std::size_t>(*number) < size) {
    put(lines, name, std::string(words[static_cast<std::size_t>(*number)]));
  }
}

void put_busy(Lines& lines, const PropertyBag& bag) {
  const auto busy = held_number(bag, PropertyName(lid::busy_status));
  if (busy) put(lines, "TRANSP", *busy == busy_free ? "TRANSPARENT" : "OPAQUE");
  if (busy && *busy != busy_free && *busy != busy_busy) put_word(lines, "X-MICROSOFT-CDO-BUSYSTATUS", busy_names, busy);
  put_word(lines, "X-MICROSOFT-CDO-INTENDEDSTATUS", busy_names,
           held_number(bag, PropertyName(lid::intended_busy_status)));
}

void put_status(Lines& lines, const PropertyBag& bag) {
  const auto flags = held_number(bag, PropertyName(lid::appointment_state_flags)).value_or(0);
  if ((flags & state_canceled) != 0)
    put(lines, "STATUS", "CANCELLED");
  else if (held_number(bag, PropertyName(lid::busy_status)) == busy_tentative)
    put(lines, "STATUS", "TENTATIVE");
}

void put_task_status(Lines& lines, const PropertyBag& bag) {
  auto status = held_number(bag, PropertyName(lid::task_status));
  if (!status && is_true(bag, PropertyName(lid::task_complete))) status = task_complete;
  if (status == task_waiting || status == task_deferred) {
    put(lines, "STATUS", std::string(task_status_names[*status == task_waiting ? 1 : 0]));
    put(lines, "X-MAPISTORE-TASK-STATUS", *status == task_waiting ? "WAITING" : "DEFERRED");
  } else {
    put_word(lines, "STATUS", task_status_names, status);
  }
  if (const auto* done = bag.get<double>(PropertyName(lid::percent_complete));
      done != nullptr && *done >= 0 && *done <= 1) {
    put(lines, "PERCENT-COMPLETE", std::to_string(std::lround(*done * 100)));
  }
}

std::string parameter(std::string_view name, std::string_view value) {
  return ";" + std::string(name) + "=" + codec::parameter_value(value);
}

/// Addresses of the Internet are told without their scheme; others are whole URIs.
std::string uri_of(const std::string& address) {
  const std::size_t colon = address.find(':');
  const bool has_scheme =
      colon != std::string::npos && colon > 0 && std::ranges::all_of(address.substr(0, colon), codec::is_letter);
  return has_scheme ? address : "mailto:" + address;
}

NewLine person(std::string_view name, const mime::Mailbox& mailbox) {
  NewLine line{std::string(name), {}, uri_of(mailbox.address), std::nullopt, false};
  if (!mailbox.display_name.empty()) line.parameters += parameter("CN", mailbox.display_name);
  return line;
}

/// The bytes of an attachment as those of `line`; false: there are none, or too many.
bool set_data(const PropertyBag& bag, NewLine& line) {
  const auto* large = bag.get<LargeValue>(tag::attach_data_binary);
  const std::uint64_t size = large == nullptr ? 0 : large->content->size().value_or(largest_value + 1);
  if (size > largest_value) return false;
  if (size > largest_held_value) {
    line.data = *large;
    return true;
  }
  const auto data = whole_value(bag, tag::attach_data_binary);
  if (data) line.value = codec::base64_of(*data);
  return data.has_value();
}

/// PARTSTAT of a row, and when it was answered.
std::string reply_of(const PropertyBag& row) {
  std::string parameters;
  const auto status = held_number(row, tag::recipient_track_status).value_or(0);
  if (status >= 2 && status <= 5)
    parameters += parameter("PARTSTAT", participation_names[static_cast<std::size_t>(status)]);
  const auto* answered = row.get<SystemTime>(tag::recipient_track_status_time);
  if (const auto time = answered == nullptr ? std::nullopt : to_utc_time(*answered))
    parameters += parameter(reply_time_parameter, calendar_text({as_wall(*time), false, true}));
  return parameters;
}

/// Who is asked for an answer: those whose rows say so, or all if no row does. Nobody unless the message asks.
class ReplyRequests {
 public:
  explicit ReplyRequests(const MessageObject& message)
      : asked_{is_true(message.properties, tag::response_requested)},
        by_row_{std::ranges::any_of(message.recipients,
                                    [](const PropertyBag& row) { return is_true(row, tag::response_requested); })} {}

  std::string_view parameter_of(const PropertyBag& row) const {
    const bool said = row.contains(tag::response_requested);
    if (said && !is_true(row, tag::response_requested)) return ";RSVP=FALSE";
    return asked_ && (said || !by_row_) ? ";RSVP=TRUE" : "";
  }

 private:
  bool asked_, by_row_;
};

}  // namespace

std::string NewLine::text() const {
  std::string line = name + parameters + ":";
  // What cannot be read any more is missing from the line, and reported when it is read again.
  return line += data ? codec::base64_of(data->content->text(largest_value).value_or(std::string{})) : value;
}

std::optional<std::string> whole_value(const PropertyBag& bag, const PropertyId& id) {
  if (const auto* large = bag.get<LargeValue>(id)) {
    auto text = large->content->text(largest_value);
    return text ? std::optional(*std::move(text)) : std::nullopt;
  }
  if (auto bytes = held_bytes(bag, id)) return bytes;
  return held_text(bag, id);
}

std::string uid_of_message(const PropertyBag& bag) {
  for (const PropertyName& id : {PropertyName(lid::clean_global_object_id), PropertyName(lid::global_object_id)}) {
    if (const auto* bytes = bag.get<Binary>(id)) {
      if (std::string uid = uid_of(*bytes); !uid.empty()) return uid;
    }
  }
  return {};
}

void write_fields(const MessageObject& message, const LineForm& form, Lines& lines) {
  const PropertyBag& bag = message.properties;
  if (const auto sequence = held_number(bag, PropertyName(lid::appointment_sequence))) {
    put(lines, "SEQUENCE", std::to_string(*sequence));
  }
  put_text(lines, "SUMMARY", bag, tag::subject);
  put_text(lines, "DESCRIPTION", bag, tag::body);
  put_html(lines, bag);
  put_text(lines, "LOCATION", bag, PropertyName(lid::location));
  put_categories(lines, bag);
  put_word(lines, "CLASS", sensitivity_names, held_number(bag, tag::sensitivity));
  if (const auto importance = held_number(bag, tag::importance)) {
    put(lines, "PRIORITY", std::to_string(priority_of(*importance)));
  }
  if (form.kind == MessageKind::appointment) {
    put_busy(lines, bag);
    put_word(lines, "X-MAPISTORE-RESPONSE-STATUS", response_names,
             held_number(bag, PropertyName(lid::response_status)));
  }
  if (form.kind == MessageKind::task)
    put_task_status(lines, bag);
  else
    put_status(lines, bag);
  if (form.kind == MessageKind::journal) put_text(lines, "X-MAPISTORE-LOG-TYPE", bag, PropertyName(lid::log_type));
  if (const auto id = held_number(bag, tag::owner_appointment_id)) {
    put(lines, "X-MICROSOFT-CDO-OWNERAPPTID", std::to_string(*id));
  }
  if (const PropertyName forbidden = lid::appointment_not_allow_propose; bag.contains(forbidden)) {
    put(lines, "X-MICROSOFT-DISALLOW-COUNTER", is_true(bag, forbidden) ? "TRUE" : "FALSE");
  }
}

void write_people(const MessageObject& message, Lines& lines) {
  const PropertyBag& bag = message.properties;
  const mime::Mailbox organizer = mailbox_of(bag, sent_representing);
  if (!organizer.address.empty()) lines.push_back(person("ORGANIZER", organizer));
  const ReplyRequests requests(message);
  for (const PropertyBag& row : message.recipients) {
    const std::int32_t type = recipient_type(row);
    const mime::Mailbox mailbox = mailbox_of(row, row_address);
    if (type == attendee_organizer || mailbox.address.empty()) continue;
    NewLine line = person("ATTENDEE", mailbox);
    if (type == attendee_resource)
      line.parameters += ";CUTYPE=RESOURCE";
    else
      line.parameters += type == attendee_optional ? ";ROLE=OPT-PARTICIPANT" : ";ROLE=REQ-PARTICIPANT";
    line.parameters.append(reply_of(row)).append(requests.parameter_of(row));
    lines.push_back(std::move(line));
  }
}

void write_attachments(const MessageObject& message, Lines& lines) {
  for (const Attachment& attachment : message.attachments) {
    const PropertyBag& bag = attachment.properties;
    NewLine line{"ATTACH", {}, {}, std::nullopt, false};
    if (const auto type = held_text(bag, tag::attach_mime_tag)) line.parameters += parameter("FMTTYPE", *type);
    auto name = held_text(bag, tag::attach_long_filename);
    if (!name) name = held_text(bag, tag::attach_filename);
    if (name) line.parameters += parameter("X-FILENAME", *name);
    const auto method = held_number(bag, tag::attach_method);
    if (method == attach_by_value) {
      if (!set_data(bag, line)) continue;
      line.parameters += ";ENCODING=BASE64;VALUE=BINARY";
    } else if (const auto path = held_text(bag, tag::attach_long_pathname)) {
      line.value = *path;
    } else {
      continue;
    }
    lines.push_back(std::move(line));
  }
}

std::optional<std::string> trigger_of(const PropertyBag& bag) {
  if (!is_true(bag, PropertyName(lid::reminder_set))) return std::nullopt;
  const auto delta = held_number(bag, PropertyName(lid::reminder_delta)).value_or(0);
  return duration_text(-minutes{delta});
}

std::vector<std::string> alarm_lines(const PropertyBag& bag) {
  const auto trigger = trigger_of(bag);
  if (!trigger) return {};
  return {"BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:Reminder", "TRIGGER:" + *trigger, "END:VALARM"};
}

Lines component_lines(const MessageObject& message, const LineForm& form, Zones& zones) {
  Lines lines;
  std::string uid = uid_of_message(message.properties);
  if (uid.empty() && form.series != nullptr) uid = uid_of_message(form.series->properties);
  if (!uid.empty()) put(lines, "UID", codec::escaped_text(uid));
  write_times(message, form, zones, lines);
  write_recurrence(message, form, zones, lines);
  write_fields(message, form, lines);
  write_people(message, lines);
  write_attachments(message, lines);
  return lines;
}

}  // namespace mapistore::conversion
