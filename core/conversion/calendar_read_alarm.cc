#include "core/codec/ascii.h"
#include "core/conversion/calendar_alarm.h"
#include "core/conversion/calendar_read.h"
#include "core/conversion/mail_values.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

using namespace std::chrono;
using codec::ContentComponent;
using codec::ContentLine;
using codec::equal_ignoring_case;

constexpr minutes longest_delta{366 * 1440};

/// How long before `anchor` an alarm rings.
std::optional<seconds> lead_of(const CalendarSource& source, const ContentComponent& alarm, UtcTime start,
                               UtcTime end) {
  const ContentLine* line = source.find(alarm, "TRIGGER");
  if (line == nullptr) return std::nullopt;
  const auto offset = parse_duration(line->value);
  if (!offset) {
    const auto time = source.time(*line);
    if (!time) return std::nullopt;
    return start - time->utc();
  }
  return equal_ignoring_case(line->parameter("RELATED"), "END") ? start - (end + *offset) : -*offset;
}

bool rings(const CalendarSource& source, const ContentComponent& alarm) {
  const ContentLine* action = source.find(alarm, "ACTION");
  if (action == nullptr) return true;
  const std::string_view value = codec::trim(action->value);
  return equal_ignoring_case(value, "DISPLAY") || equal_ignoring_case(value, "AUDIO");
}

/// What the alarms of a component count from.
struct Anchors {
  UtcTime start, end;
};

std::optional<Anchors> anchors_of(const PropertyBag& bag) {
  const auto* start = bag.get<SystemTime>(PropertyName(lid::common_start));
  const auto* end = bag.get<SystemTime>(PropertyName(lid::common_end));
  if (start == nullptr && end == nullptr) return std::nullopt;
  const auto start_time = to_utc_time(start != nullptr ? *start : *end);
  const auto end_time = to_utc_time(end != nullptr ? *end : *start);
  if (!start_time || !end_time) return std::nullopt;
  return Anchors{*start_time, *end_time};
}

}  // namespace

const ContentComponent* reminder_of(const CalendarSource& source, const ContentComponent& component,
                                    const PropertyBag& bag, minutes& delta) {
  const auto anchors = anchors_of(bag);
  if (!anchors) return nullptr;
  for (const ContentComponent& child : component.children) {
    if (!child.is("VALARM") || !rings(source, child)) continue;
    const auto lead = lead_of(source, child, anchors->start, anchors->end);
    if (!lead || *lead < seconds{0} || *lead > longest_delta) continue;
    delta = ceil<minutes>(*lead);
    return &child;
  }
  return nullptr;
}

void read_alarm(const ComponentReader& reader) {
  minutes delta{0};
  PropertyBag& bag = reader.message.properties;
  const ContentComponent* reminder = reminder_of(reader.source, reader.component, bag, delta);
  std::size_t number = 0;
  for (const ContentComponent& child : reader.component.children) {
    const std::string field = std::string(child.name) + "[" + std::to_string(++number) + "]";
    if (&child != reminder) {
      reader.lose(field, Fidelity::dropped, "properties tell one alarm on or before the start");
      continue;
    }
    for (const std::size_t line_number : child.lines) {
      const ContentLine& line = reader.source.document().content(line_number);
      if (!line.is("TRIGGER") && !line.is("ACTION")) {
        reader.lose(field + "." + std::string(line.name), Fidelity::dropped, "no property tells it");
      }
    }
  }
  if (reminder == nullptr) return;
  const UtcTime start = anchors_of(bag)->start;
  bag.set(PropertyName(lid::reminder_set), true);
  bag.set(PropertyName(lid::reminder_delta), static_cast<std::int32_t>(delta.count()));
  if (const auto time = to_system_time(start)) bag.set(PropertyName(lid::reminder_time), *time);
  if (const auto time = to_system_time(start - delta)) bag.set(PropertyName(lid::reminder_signal_time), *time);
}

}  // namespace mapistore::conversion
