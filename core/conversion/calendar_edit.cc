#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "core/codec/ascii.h"
#include "core/codec/shared_content.h"
#include "core/conversion/calendar_alarm.h"
#include "core/conversion/calendar_read.h"
#include "core/conversion/calendar_uid.h"
#include "core/conversion/calendar_write.h"
#include "core/conversion/formats.h"
#include "core/conversion/mail_values.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

using codec::ContentComponent;
using codec::ContentLine;

using LinesByName = std::map<std::string, std::vector<NewLine>, std::less<>>;

LinesByName by_name(std::vector<NewLine> lines) {
  LinesByName grouped;
  for (NewLine& line : lines) grouped[line.name].push_back(std::move(line));
  return grouped;
}

/// Changes the lines of a document where what is wanted differs from what is.
class CalendarEditor {
 public:
  CalendarEditor(MessageKind kind, const SharedBytes& bytes) : kind_{kind}, source_{kind, bytes} {}

  bool has_main() const noexcept { return source_.main() != nullptr; }

  void edit(const MessageObject& current, const MessageObject& wanted) {
    edit_component(*source_.main(), current, wanted, nullptr, nullptr);
    edit_exceptions(current, wanted);
    add_zones();
  }

  std::vector<SharedBytes> pieces(const SharedBytes& bytes) const { return source_.document().pieces(bytes); }

 private:
  LineForm form_of(const ContentComponent& component, const MessageObject* series) const {
    LineForm form{kind_, false, false, false, series};
    const ContentLine* start = source_.find(component, "DTSTART");
    const auto time = start == nullptr ? std::nullopt : source_.time(*start);
    form.floating = time && time->is_floating();
    const bool has_end = source_.find(component, "DTEND") != nullptr;
    form.has_duration = !has_end && source_.find(component, "DURATION") != nullptr;
    form.implied_end = !has_end && !form.has_duration;
    return form;
  }

  /// The zones of the file under which `message` finds its own.
  Zones zones_for(const MessageObject& message) const {
    Zones zones;
    const PropertyName display = lid::appointment_time_zone_definition_start_display;
    const auto* blob = message.properties.get<Binary>(display);
    const std::string id = text_or_empty(message.properties, PropertyName(lid::time_zone_description));
    const TimeZone* zone = source_.zone(id);
    const auto* start = message.properties.get<SystemTime>(PropertyName(lid::appointment_start_whole));
    const auto time = start == nullptr ? std::nullopt : to_utc_time(*start);
    if (blob == nullptr || zone == nullptr || !time) return zones;
    bool exact = true;
    // A definition of the same name counts from the file as long as it says the same.
    if (encode_zone(zone->definition(zone->to_wall(*time), exact)) == *blob) zones.emplace(id, *zone);
    return zones;
  }

  void edit_component(const ContentComponent& component, const MessageObject& current, const MessageObject& wanted,
                      const MessageObject* current_series, const MessageObject* wanted_series) {
    Zones old_zones = zones_for(current_series != nullptr ? *current_series : current);
    Zones zones = zones_for(wanted_series != nullptr ? *wanted_series : wanted);
    const LinesByName before = by_name(component_lines(current, form_of(component, current_series), old_zones));
    const std::vector<NewLine> lines = component_lines(wanted, form_of(component, wanted_series), zones);
    const LinesByName after = by_name(lines);
    for (const auto& [name, old] : before) {
      if (!after.contains(name)) edit_lines(component, name, old, {});
    }
    for (const NewLine& line : lines) {
      const auto found = after.find(line.name);
      if (found->second.front() != line || !edited_.emplace(&component, line.name).second) continue;
      const auto old = before.find(line.name);
      edit_lines(component, line.name, old == before.end() ? std::vector<NewLine>{} : old->second, found->second);
    }
    edit_alarm(component, current.properties, wanted.properties);
    for (auto& [id, zone] : zones) {
      if (!old_zones.contains(id)) wanted_zones_.emplace(id, std::move(zone));
    }
  }

  void edit_lines(const ContentComponent& component, std::string_view name, const std::vector<NewLine>& old,
                  const std::vector<NewLine>& wanted) {
    if (old == wanted) return;
    std::vector<std::size_t> present;
    for (const std::size_t number : component.lines) {
      if (source_.document().content(number).is(name)) present.push_back(number);
    }
    const std::size_t place = present.empty() ? end_of_lines(component) : present.back() + 1;
    if (present.size() != old.size() || wanted.size() < old.size()) {
      // Lines and what they tell do not correspond, or it is not known which of them goes.
      replace_all(present, place, old, wanted);
      return;
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (i >= old.size())
        source_.document().insert(place, wanted[i].text());
      else if (wanted[i] != old[i])
        source_.document().replace(present[i], text_in_place(wanted[i], present[i]));
    }
  }

  /// Lines that are to stay keep their bytes as far as it is known which they are.
  void replace_all(const std::vector<std::size_t>& present, std::size_t place, const std::vector<NewLine>& old,
                   const std::vector<NewLine>& wanted) {
    std::size_t next = 0;
    for (std::size_t i = 0; i < present.size(); ++i) {
      const bool known = present.size() == old.size();
      if (known && next < wanted.size() && old[i] == wanted[next]) {
        ++next;
      } else if (!known && next < wanted.size()) {
        source_.document().replace(present[i], text_in_place(wanted[next++], present[i]));
      } else {
        source_.document().remove(present[i]);
      }
    }
    for (; next < wanted.size(); ++next) source_.document().insert(place, wanted[next].text());
  }

  std::size_t end_of_lines(const ContentComponent& component) const {
    return component.children.empty() ? component.end : component.children.front().begin;
  }

  /// `wanted` in the form of the line that it replaces.
  std::string text_in_place(const NewLine& wanted, std::size_t number) const {
    const ContentLine& line = source_.document().content(number);
    const auto time = wanted.time ? source_.time(line) : std::nullopt;
    const bool date_only = wanted.parameters == ";VALUE=DATE";
    if (time && time->written.date_only == date_only && !date_only && !time->is_of_unknown_zone) {
      const WallTime wall = time->zone != nullptr ? time->zone->to_wall(*wanted.time) : as_wall(*wanted.time);
      return head_of(line) + ":" + calendar_text({wall, false, time->written.utc});
    }
    if (time && date_only && time->written.date_only) return head_of(line) + ":" + wanted.value;
    if (!wanted.is_text) return wanted.text();
    std::string parameters;
    for (const auto& parameter : codec::split_parameters(line.parameters)) {
      if (parameter.is("ENCODING") || parameter.is("CHARSET") || parameter.is("ALTREP")) continue;
      parameters += ";" + parameter.name + "=";
      for (std::size_t i = 0; i < parameter.values.size(); ++i) {
        parameters += (i == 0 ? "" : ",") + codec::parameter_value(parameter.values[i]);
      }
    }
    return std::string(line.name) + parameters + ":" + wanted.value;
  }

  static std::string head_of(const ContentLine& line) {
    std::string head(line.name);
    if (!line.parameters.empty()) head.append(";").append(line.parameters);
    return head;
  }

  void edit_alarm(const ContentComponent& component, const PropertyBag& current, const PropertyBag& wanted) {
    const auto before = trigger_of(current);
    const auto after = trigger_of(wanted);
    if (before == after) return;
    std::chrono::minutes delta{0};
    const ContentComponent* reminder = before ? reminder_of(source_, component, current, delta) : nullptr;
    const auto trigger = reminder == nullptr ? std::nullopt : source_.find_number(*reminder, "TRIGGER");
    if (after && trigger) {
      source_.document().replace(*trigger, "TRIGGER:" + *after);
    } else if (reminder != nullptr) {
      remove_component(*reminder);
    } else {
      for (const std::string& line : alarm_lines(wanted)) source_.document().insert(component.end, line);
    }
  }

  void remove_component(const ContentComponent& component) {
    const std::size_t end = component.closed ? component.end + 1 : component.end;
    for (std::size_t number = component.begin; number < end; ++number) source_.document().remove(number);
  }

  /// By the ticks of the instances that they stand for: the first of each.
  using Instances = std::map<std::uint64_t, const MessageObject*>;
  using Components = std::map<std::uint64_t, const ContentComponent*>;

  template <class Entries>
  static typename Entries::mapped_type same_instance(const Entries& entries, const MessageObject& one) {
    const auto* original = one.properties.get<SystemTime>(PropertyName(lid::exception_replace_time));
    const auto found = original == nullptr ? entries.end() : entries.find(original->ticks);
    return found == entries.end() ? nullptr : found->second;
  }

  static Instances instances_of(const std::vector<MessageObject>& messages) {
    Instances instances;
    for (const MessageObject& message : messages) {
      const auto* original = message.properties.get<SystemTime>(PropertyName(lid::exception_replace_time));
      if (original != nullptr) instances.emplace(original->ticks, &message);
    }
    return instances;
  }

  Components exception_components() const {
    Components components;
    for (const ContentComponent* component : source_.exceptions()) {
      const ContentLine* line = source_.find(*component, "RECURRENCE-ID");
      const auto time = line == nullptr ? std::nullopt : source_.time(*line);
      const auto original = time ? to_system_time(time->utc()) : std::nullopt;
      if (original) components.emplace(original->ticks, component);
    }
    return components;
  }

  void edit_exceptions(const MessageObject& current, const MessageObject& wanted) {
    if (kind_ != MessageKind::appointment) return;
    const PropertyName blob = lid::appointment_recur;
    const Property* old_blob = current.properties.find(blob);
    const Property* new_blob = wanted.properties.find(blob);
    const bool same_blob = old_blob == nullptr ? new_blob == nullptr : new_blob != nullptr && *old_blob == *new_blob;
    if (same_blob && current.attachments == wanted.attachments) return;
    const std::vector<MessageObject> before = exceptions_of(current);
    const std::vector<MessageObject> after = exceptions_of(wanted);
    const Instances old_instances = instances_of(before);
    const Instances new_instances = instances_of(after);
    const Components components = exception_components();
    for (const MessageObject& exception : before) {
      const ContentComponent* component = same_instance(components, exception);
      if (component != nullptr && same_instance(new_instances, exception) == nullptr) remove_component(*component);
    }
    for (const MessageObject& exception : after) {
      const MessageObject* old = same_instance(old_instances, exception);
      const ContentComponent* component = old == nullptr ? nullptr : same_instance(components, *old);
      if (component != nullptr) {
        if (!(*old == exception)) edit_component(*component, *old, exception, &current, &wanted);
        continue;
      }
      Zones zones = zones_for(wanted);
      const LineForm form{kind_, form_of(*source_.main(), nullptr).floating, false, false, &wanted};
      const auto lines = whole_component(exception, form, source_.uid(*source_.main()), zones);
      for (const std::string& line : lines) source_.document().insert(source_.calendar()->end, line);
      for (auto& [id, zone] : zones) wanted_zones_.emplace(id, std::move(zone));
    }
  }

  /// Describes the zones that new lines refer to and the file does not, or not so.
  void add_zones() {
    const std::size_t place = source_.calendar()->children.front().begin;
    for (const auto& [id, zone] : wanted_zones_) {
      const TimeZone* known = source_.zone(id);
      if (known != nullptr && known->lines() == zone.lines()) continue;
      if (const ContentComponent* old = source_.zone_component(id)) remove_component(*old);
      for (const std::string& line : zone.lines()) source_.document().insert(place, line);
    }
  }

  MessageKind kind_;
  CalendarSource source_;
  Zones wanted_zones_;
  std::set<std::pair<const ContentComponent*, std::string>> edited_;
};

}  // namespace

Result<WrittenMessage> edit_calendar(MessageKind kind, const SharedBytes& bytes, const MessageObject& current,
                                     const MessageObject& wanted) {
  CalendarEditor editor(kind, bytes);
  if (!editor.has_main()) {
    if (current == wanted) return WrittenMessage{shared_content(bytes), {}};
    return fail(Errc::unsupported, component_name(kind), "the file has no such component to change");
  }
  const auto* start = wanted.properties.get<SystemTime>(PropertyName(lid::appointment_start_whole));
  const auto* end = wanted.properties.get<SystemTime>(PropertyName(lid::appointment_end_whole));
  if (start != nullptr && end != nullptr && *end < *start) {
    return fail(Errc::invalid_content, "PidLidAppointmentEndWhole", "is before PidLidAppointmentStartWhole",
                "set both");
  }
  editor.edit(current, wanted);
  const std::vector<SharedBytes> pieces = editor.pieces(bytes);
  WrittenMessage written{joined_content(pieces), {}};
  report_differences(wanted, read_calendar(kind, CalendarSource(kind, pieces)).message, written.losses);
  return written;
}

}  // namespace mapistore::conversion
