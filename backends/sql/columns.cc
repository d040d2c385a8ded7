#include "backends/sql/columns.h"

#include <mapistore/conversion.h>

#include <array>
#include <cmath>
#include <limits>

namespace mapistore::sql {
namespace {

constexpr Guid office_guid(std::uint8_t number) {
  return {{number, 0x20, 0x06, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46}};
}
constexpr Guid psetid_appointment = office_guid(0x02), psetid_task = office_guid(0x03),
               psetid_address = office_guid(0x04), psetid_common = office_guid(0x08);
constexpr Guid psetid_meeting{
    {0x90, 0xda, 0xd8, 0x6e, 0x0b, 0x45, 0x1b, 0x10, 0x98, 0xda, 0x00, 0xaa, 0x00, 0x3f, 0x13, 0x05}};

using Type = PropertyType;

constexpr PropertyTag tag_importance{0x0017, Type::long_integer}, tag_subject{0x0037, Type::unicode},
    tag_body{0x1000, Type::unicode}, tag_display_name{0x3001, Type::unicode}, tag_company{0x3a16, Type::unicode},
    tag_mobile{0x3a1c, Type::unicode}, tag_business{0x3a08, Type::unicode}, tag_home{0x3a09, Type::unicode},
    tag_from_type{0x0064, Type::unicode}, tag_from_address{0x0065, Type::unicode}, tag_from_name{0x0042, Type::unicode},
    tag_from_smtp{0x5d02, Type::unicode}, tag_recipient_type{0x0c15, Type::long_integer},
    tag_address_type{0x3002, Type::unicode}, tag_address{0x3003, Type::unicode},
    tag_smtp_address{0x39fe, Type::unicode}, tag_submit_time{0x0039, Type::system_time};

PropertyName named(const Guid& set, std::uint32_t number, Type type) { return {set, number, type}; }

const PropertyName& task_status() {
  static const PropertyName id = named(psetid_task, 0x8101, Type::long_integer);
  return id;
}
PropertyName percent_complete() { return named(psetid_task, 0x8102, Type::double_precision); }
PropertyName task_start() { return named(psetid_task, 0x8104, Type::system_time); }
PropertyName task_due() { return named(psetid_task, 0x8105, Type::system_time); }
PropertyName task_completed() { return named(psetid_task, 0x810f, Type::system_time); }
PropertyName task_complete() { return named(psetid_task, 0x811c, Type::boolean); }
PropertyName common_start() { return named(psetid_common, 0x8516, Type::system_time); }
PropertyName common_end() { return named(psetid_common, 0x8517, Type::system_time); }
PropertyName event_start() { return named(psetid_appointment, 0x820d, Type::system_time); }
PropertyName event_end() { return named(psetid_appointment, 0x820e, Type::system_time); }
PropertyName all_day() { return named(psetid_appointment, 0x8215, Type::boolean); }
PropertyName location() { return named(psetid_appointment, 0x8208, Type::unicode); }
PropertyName email_address() { return named(psetid_address, 0x8083, Type::unicode); }
PropertyName email_type() { return named(psetid_address, 0x8082, Type::unicode); }
PropertyName object_id() { return named(psetid_meeting, 0x0003, Type::binary); }
PropertyName clean_object_id() { return named(psetid_meeting, 0x0023, Type::binary); }

constexpr auto ticks_of_1970 = static_cast<std::int64_t>(SystemTime::at_1970);
constexpr std::int64_t latest_us = 250'000'000'000 * std::int64_t{1'000'000} / 1;  // the year 9892
constexpr std::int64_t earliest_us = -ticks_of_1970 / 10;

SystemTime system_time(std::int64_t us) { return {static_cast<std::uint64_t>(us * 10 + ticks_of_1970)}; }

std::optional<std::int64_t> microseconds(const PropertyBag& bag, const PropertyId& id) {
  const auto* time = bag.get<SystemTime>(id);
  if (time == nullptr || time->ticks > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return std::nullopt;
  const auto us = (static_cast<std::int64_t>(time->ticks) - ticks_of_1970) / 10;
  return us >= earliest_us && us <= latest_us ? std::optional(us) : std::nullopt;
}

std::optional<std::string> text(const PropertyBag& bag, const PropertyId& id, std::size_t longest) {
  if (const auto* value = bag.get<std::string>(id); value != nullptr && !value->empty()) return fitted(*value, longest);
  return std::nullopt;
}

std::optional<std::int64_t> number(const PropertyBag& bag, const PropertyId& id) {
  const auto* value = bag.get<std::int32_t>(id);
  return value == nullptr ? std::nullopt : std::optional<std::int64_t>(*value);
}

bool is_day(const std::optional<std::int64_t>& us) {
  constexpr std::int64_t day = 86'400'000'000;
  return !us || *us % day == 0;
}

void put_text(PropertyBag& bag, const PropertyId& id, const std::optional<std::string>& value) {
  if (value && !value->empty())
    bag.set(id, *value);
  else
    bag.erase(id);
}

void put_time(PropertyBag& bag, const PropertyId& id, const std::optional<std::int64_t>& us) {
  if (us)
    bag.set(id, system_time(*us));
  else
    bag.erase(id);
}

void apply_task(const Columns& told, const Columns& wanted, PropertyBag& bag) {
  const bool other_days = told.date_only != wanted.date_only;
  // A day without a time has no moment, which is what the common times are.
  const auto put = [&](const PropertyName& day, const PropertyName& moment, const std::optional<std::int64_t>& us) {
    put_time(bag, day, us);
    put_time(bag, moment, wanted.date_only ? std::nullopt : us);
  };
  if (other_days || told.start_us != wanted.start_us) put(task_start(), common_start(), wanted.start_us);
  if (other_days || told.due_us != wanted.due_us) put(task_due(), common_end(), wanted.due_us);
  if (told.completed_us != wanted.completed_us) put_time(bag, task_completed(), wanted.completed_us);
  if (told.status != wanted.status) {
    if (wanted.status)
      bag.set(task_status(), static_cast<std::int32_t>(*wanted.status));
    else
      bag.erase(task_status());
    bag.set(task_complete(), wanted.status == 2);
  }
  if (told.percent != wanted.percent) {
    if (wanted.percent)
      bag.set(percent_complete(), static_cast<double>(*wanted.percent) / 100);
    else
      bag.erase(percent_complete());
  }
}

void apply_event(const Columns& told, const Columns& wanted, PropertyBag& bag) {
  if (told.start_us != wanted.start_us) {
    put_time(bag, event_start(), wanted.start_us);
    put_time(bag, common_start(), wanted.start_us);
  }
  if (told.due_us != wanted.due_us) {
    put_time(bag, event_end(), wanted.due_us);
    put_time(bag, common_end(), wanted.due_us);
  }
  if (told.date_only != wanted.date_only) bag.set(all_day(), wanted.date_only);
  if (told.location != wanted.location) put_text(bag, location(), wanted.location);
}

void apply_contact(const Columns& told, const Columns& wanted, PropertyBag& bag) {
  if (told.subject != wanted.subject) put_text(bag, tag_display_name, wanted.subject);
  if (told.company != wanted.company) put_text(bag, tag_company, wanted.company);
  if (told.phone != wanted.phone) {
    // The one that was told, or, if there was none, the one that people have today.
    PropertyTag which = tag_mobile;
    for (const PropertyTag candidate : {tag_home, tag_business, tag_mobile})
      if (bag.contains(candidate)) which = candidate;
    put_text(bag, which, wanted.phone);
  }
  if (told.email != wanted.email) {
    put_text(bag, email_address(), wanted.email);
    put_text(bag, email_type(), wanted.email ? std::optional<std::string>("SMTP") : std::nullopt);
  }
}

void put_from(PropertyBag& bag, const std::optional<std::string>& address) {
  put_text(bag, tag_from_smtp, address);
  put_text(bag, tag_from_address, address);
  put_text(bag, tag_from_type, address ? std::optional<std::string>("SMTP") : std::nullopt);
  bag.erase(tag_from_name);
}

void apply_mail(const Columns& told, const Columns& wanted, MessageObject& message) {
  if (told.sender != wanted.sender) put_from(message.properties, wanted.sender);
  if (told.start_us != wanted.start_us) put_time(message.properties, tag_submit_time, wanted.start_us);
  if (told.recipient == wanted.recipient) return;
  if (!message.recipients.empty()) message.recipients.erase(message.recipients.begin());
  if (!wanted.recipient) return;
  PropertyBag row;
  row.set(tag_recipient_type, std::int32_t{1});
  row.set(tag_address_type, std::string("SMTP"));
  row.set(tag_address, *wanted.recipient);
  row.set(tag_smtp_address, *wanted.recipient);
  row.set(tag_display_name, *wanted.recipient);
  message.recipients.insert(message.recipients.begin(), std::move(row));
}

void read_calendar(MessageKind kind, const PropertyBag& bag, Columns& columns) {
  for (const PropertyName& id : {clean_object_id(), object_id()})
    if (const auto* value = bag.get<Binary>(id); value != nullptr && !columns.uid)
      columns.uid = uid_of_object_id(*value);
  columns.owner = text(bag, tag_from_smtp, 255);
  columns.location = text(bag, location(), 500);
  columns.priority = number(bag, tag_importance);
  if (kind != MessageKind::task) {
    columns.start_us = microseconds(bag, event_start());
    columns.due_us = microseconds(bag, event_end());
    const auto* whole_days = bag.get<bool>(all_day());
    columns.date_only = whole_days != nullptr && *whole_days;
    return;
  }
  const auto moment = [&](const PropertyName& exact, const PropertyName& day) {
    const auto us = microseconds(bag, exact);
    return us ? us : microseconds(bag, day);
  };
  columns.start_us = moment(common_start(), task_start());
  columns.due_us = moment(common_end(), task_due());
  columns.date_only = (columns.start_us || columns.due_us) && is_day(microseconds(bag, task_due())) &&
                      is_day(columns.start_us) && is_day(columns.due_us);
  columns.completed_us = microseconds(bag, task_completed());
  columns.status = number(bag, task_status());
  if (const auto* part = bag.get<double>(percent_complete()); part != nullptr && *part >= 0 && *part <= 1)
    columns.percent = std::lround(*part * 100);
}

void read_contact(const PropertyBag& bag, Columns& columns) {
  columns.subject = text(bag, tag_display_name, 1000);
  columns.company = text(bag, tag_company, 255);
  for (const PropertyTag id : {tag_mobile, tag_business, tag_home})
    if (!columns.phone) columns.phone = text(bag, id, 64);
  columns.email = text(bag, email_address(), 320);
}

}  // namespace

Columns columns_of(MessageKind kind, const MessageObject& message) {
  const PropertyBag& bag = message.properties;
  Columns columns;
  columns.subject = text(bag, tag_subject, 1000);
  switch (kind) {
    case MessageKind::appointment:
    case MessageKind::task:
    case MessageKind::journal: read_calendar(kind, bag, columns); break;
    case MessageKind::contact: read_contact(bag, columns); break;
    case MessageKind::mail:
      columns.sender = text(bag, tag_from_smtp, 500);
      columns.start_us = microseconds(bag, tag_submit_time);
      if (!message.recipients.empty()) columns.recipient = text(message.recipients.front(), tag_smtp_address, 500);
      break;
    case MessageKind::note:
    case MessageKind::document: break;
  }
  return columns;
}

void apply(MessageKind kind, const Columns& told, const Columns& wanted, MessageObject& message) {
  PropertyBag& bag = message.properties;
  if (kind != MessageKind::contact && told.subject != wanted.subject) put_text(bag, tag_subject, wanted.subject);
  if (wanted.note) put_text(bag, tag_body, wanted.note);
  switch (kind) {
    case MessageKind::appointment:
    case MessageKind::task:
    case MessageKind::journal:
      if (told.uid != wanted.uid && wanted.uid) {
        bag.set(object_id(), object_id_of_uid(*wanted.uid));
        bag.set(clean_object_id(), object_id_of_uid(*wanted.uid));
      }
      if (told.owner != wanted.owner) put_from(bag, wanted.owner);
      if (told.priority != wanted.priority) {
        if (wanted.priority)
          bag.set(tag_importance, static_cast<std::int32_t>(*wanted.priority));
        else
          bag.erase(tag_importance);
      }
      kind == MessageKind::task ? apply_task(told, wanted, bag) : apply_event(told, wanted, bag);
      break;
    case MessageKind::contact: apply_contact(told, wanted, bag); break;
    case MessageKind::mail: apply_mail(told, wanted, message); break;
    case MessageKind::note:
    case MessageKind::document: break;
  }
}

Result<> check(const Columns& columns) {
  const auto within = [](const std::optional<std::int64_t>& value, std::int64_t least, std::int64_t most) {
    return !value || (*value >= least && *value <= most);
  };
  for (const auto& [name, value] : {std::pair{"start_us", columns.start_us}, std::pair{"due_us", columns.due_us},
                                    std::pair{"completed_us", columns.completed_us}})
    if (!within(value, earliest_us, latest_us))
      return fail(Errc::invalid_content, name, "is no time", "write microseconds since 1970");
  if (!within(columns.status, 0, 4)) return fail(Errc::invalid_content, "status", "is not between 0 and 4");
  if (!within(columns.percent, 0, 100)) return fail(Errc::invalid_content, "percent", "is not between 0 and 100");
  if (!within(columns.priority, 0, 2)) return fail(Errc::invalid_content, "priority", "is not between 0 and 2");
  return {};
}

std::string fitted(std::string_view text, std::size_t longest) {
  std::string whole;
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size() && count < longest; ++count) {
    const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
    const unsigned char lead = byte(at);
    std::size_t length = lead < 0x80                   ? 1
                         : lead >= 0xc2 && lead < 0xe0 ? 2
                         : lead >= 0xe0 && lead < 0xf0 ? 3
                         : lead >= 0xf0 && lead < 0xf5 ? 4
                                                       : 0;
    bool is_valid = length != 0 && at + length <= text.size();
    for (std::size_t i = 1; is_valid && i < length; ++i) is_valid = (byte(at + i) & 0xc0) == 0x80;
    if (is_valid && length > 2) {
      const unsigned char second = byte(at + 1);
      // Overlong forms, surrogates and what lies beyond Unicode.
      is_valid = !((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second >= 0xa0) ||
                   (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second >= 0x90));
    }
    if (is_valid)
      whole += text.substr(at, length);
    else
      whole += "\xef\xbf\xbd";
    at += is_valid ? length : 1;
  }
  return whole;
}

}  // namespace mapistore::sql
