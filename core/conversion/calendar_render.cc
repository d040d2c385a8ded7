#include <algorithm>
#include <array>

#include "core/codec/content_text.h"
#include "core/conversion/calendar_read.h"
#include "core/conversion/calendar_uid.h"
#include "core/conversion/calendar_write.h"
#include "core/conversion/formats.h"
#include "core/properties/known_properties.h"
#include "core/properties/property_names.h"

namespace mapistore::conversion {
namespace {

constexpr std::string_view product = "PRODID:-//mapistorefs//NONSGML mapistorefs//EN";

/// DTSTAMP is demanded (RFC 5545 3.8.7.2), and no clock may be asked.
std::string stamp_of(const PropertyBag& bag) {
  for (const PropertyId& id : {PropertyId(tag::last_modification_time), PropertyId(tag::creation_time),
                               PropertyId(PropertyName(lid::appointment_start_whole))}) {
    const auto* value = bag.get<SystemTime>(id);
    const auto time = value == nullptr ? std::nullopt : to_utc_time(*value);
    if (time) return calendar_text({as_wall(*time), false, true});
  }
  return "19700101T000000Z";
}

void append_all(std::vector<std::string>& out, std::vector<std::string> lines) {
  std::ranges::move(lines, std::back_inserter(out));
}

bool is_named(const std::vector<NewLine>& lines, std::string_view name) {
  return std::ranges::any_of(lines, [&](const NewLine& line) { return line.name == name; });
}

}  // namespace

std::vector<std::string> whole_component(const MessageObject& message, const LineForm& form, std::string_view uid,
                                         Zones& zones) {
  std::vector<std::string> out{"BEGIN:" + std::string(component_name(form.kind))};
  const std::vector<NewLine> lines = component_lines(message, form, zones);
  if (!is_named(lines, "UID")) {
    std::string own(uid);
    if (own.empty()) own = derived_uid(message, lines);
    out.push_back("UID:" + codec::escaped_text(own));
  }
  if (!is_named(lines, "DTSTAMP")) out.push_back("DTSTAMP:" + stamp_of(message.properties));
  for (const NewLine& line : lines) out.push_back(line.text());
  append_all(out, alarm_lines(message.properties));
  out.push_back("END:" + std::string(component_name(form.kind)));
  return out;
}

void report_differences(const MessageObject& wanted, const MessageObject& told, LossReport& losses) {
  const auto compare = [&](const std::string& prefix, const PropertyBag& a, const PropertyBag& b) {
    for (const Property& property : a) {
      const Property* found = b.find(property.id);
      if (found != nullptr && found->value == property.value) continue;
      losses.add(prefix + property_key(property.id), found == nullptr ? Fidelity::dropped : Fidelity::approximated,
                 found == nullptr ? "iCalendar does not tell it" : "iCalendar tells it otherwise");
    }
  };
  compare({}, wanted.properties, told.properties);
  const PropertyBag none;
  for (std::size_t i = 0; i < wanted.recipients.size(); ++i) {
    compare("recipient[" + std::to_string(i) + "].", wanted.recipients[i],
            i < told.recipients.size() ? told.recipients[i] : none);
  }
  for (std::size_t i = 0; i < wanted.attachments.size(); ++i) {
    compare("attachment[" + std::to_string(i) + "].", wanted.attachments[i].properties,
            i < told.attachments.size() ? told.attachments[i].properties : none);
  }
}

Result<WrittenMessage> render_calendar(MessageKind kind, const MessageObject& message) {
  Zones zones;
  std::vector<std::string> components = whole_component(message, {kind, false, false, false, nullptr}, {}, zones);
  const std::string uid = components[1].substr(components[1].find(':') + 1);
  const LineForm form{kind, false, false, false, &message};
  if (kind == MessageKind::appointment) {
    for (const MessageObject& exception : exceptions_of(message)) {
      append_all(components, whole_component(exception, form, codec::unescaped_text(uid), zones));
    }
  }
  std::vector<std::string> lines{"BEGIN:VCALENDAR", "VERSION:2.0", std::string(product)};
  const TimeZone* own = zone_of(message, PropertyName(lid::appointment_time_zone_definition_start_display), zones);
  if (own != nullptr) append_all(lines, own->lines());
  for (const auto& [id, zone] : zones) {
    if (&zone != own) append_all(lines, zone.lines());
  }
  append_all(lines, std::move(components));
  lines.emplace_back("END:VCALENDAR");
  std::string bytes;
  for (const std::string& line : lines) bytes += codec::content_line(line, "\r\n");
  WrittenMessage written{held_content(bytes), {}};
  report_differences(message, read_calendar(kind, SharedBytes::of(std::move(bytes))).message, written.losses);
  return written;
}

}  // namespace mapistore::conversion
