#include <array>
#include <charconv>

#include "core/codec/ascii.h"
#include "core/conversion/calendar_read.h"
#include "core/conversion/calendar_values.h"
#include "core/conversion/mail_values.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

using codec::ContentLine;
using codec::equal_ignoring_case;

constexpr std::int32_t utf8_code_page = 65001;

std::optional<std::int32_t> number_of(std::string_view text) {
  text = codec::trim(text);
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void read_categories(const ComponentReader& reader) {
  std::vector<std::string> categories;
  for (const std::size_t number : reader.component.lines) {
    const ContentLine& line = reader.source.document().content(number);
    if (!line.is("CATEGORIES")) continue;
    const std::string value = reader.source.decoded(line);
    for (const std::string_view piece : codec::split_unescaped(value, ',')) {
      const std::string text = codec::unescaped_text(piece);
      std::string category(codec::trim(text));
      if (!category.empty()) categories.push_back(std::move(category));
    }
  }
  if (!categories.empty()) reader.message.properties.set(PropertyName(pname::keywords), std::move(categories));
}

void read_class(const ComponentReader& reader) {
  const ContentLine* line = reader.find("CLASS");
  if (line == nullptr) return;
  std::int32_t value = sensitivity_private;
  const auto known = index_of(sensitivity_names, codec::trim(line->value));
  if (known)
    value = *known;
  else
    reader.lose("CLASS", Fidelity::approximated, "not a known class: private");
  reader.message.properties.set(tag::sensitivity, value);
  reader.message.properties.set(PropertyName(lid::private_), value == sensitivity_private);
}

void read_priority(const ComponentReader& reader) {
  const ContentLine* line = reader.find("PRIORITY");
  if (line == nullptr) return;
  const auto priority = number_of(line->value);
  if (!priority || *priority < 1 || *priority > 9) {
    if (priority != 0) reader.lose("PRIORITY", Fidelity::dropped, "is no priority");
    return;
  }
  const std::int32_t importance = *priority < 5 ? 2 : *priority == 5 ? 1 : 0;
  reader.message.properties.set(tag::importance, importance);
  if (*priority != priority_of(importance)) {
    reader.lose("PRIORITY", Fidelity::approximated, "properties tell high, normal and low");
  }
}

std::optional<std::int32_t> read_busy_name(const ComponentReader& reader, std::string_view name) {
  const ContentLine* line = reader.find(name);
  if (line == nullptr) return std::nullopt;
  const auto value = index_of(busy_names, codec::trim(line->value));
  if (!value) reader.lose(name, Fidelity::dropped, "is no busy status");
  return value;
}

void read_busy(const ComponentReader& reader, std::string_view status) {
  auto busy = read_busy_name(reader, "X-MICROSOFT-CDO-BUSYSTATUS");
  const ContentLine* transparency = reader.find("TRANSP");
  if (!busy && transparency != nullptr && equal_ignoring_case(codec::trim(transparency->value), "TRANSPARENT")) {
    busy = busy_free;
  }
  if (!busy && equal_ignoring_case(status, "TENTATIVE")) busy = busy_tentative;
  if (!busy && transparency != nullptr) busy = busy_busy;
  if (busy) reader.message.properties.set(PropertyName(lid::busy_status), *busy);
  if (const auto intended = read_busy_name(reader, "X-MICROSOFT-CDO-INTENDEDSTATUS")) {
    reader.message.properties.set(PropertyName(lid::intended_busy_status), *intended);
  }
}

void read_microsoft(const ComponentReader& reader) {
  PropertyBag& bag = reader.message.properties;
  if (const ContentLine* line = reader.find("X-MICROSOFT-CDO-OWNERAPPTID")) {
    if (const auto id = number_of(line->value))
      bag.set(tag::owner_appointment_id, *id);
    else
      reader.lose(line->name, Fidelity::dropped, "is no number");
  }
  if (const ContentLine* line = reader.find("X-MICROSOFT-DISALLOW-COUNTER")) {
    bag.set(PropertyName(lid::appointment_not_allow_propose), equal_ignoring_case(codec::trim(line->value), "TRUE"));
  }
  if (const ContentLine* line = reader.find("X-MAPISTORE-RESPONSE-STATUS")) {
    if (const auto status = index_of(response_names, codec::trim(line->value)))
      bag.set(PropertyName(lid::response_status), *status);
    else
      reader.lose(line->name, Fidelity::dropped, "is no response");
  }
}

}  // namespace

void read_texts(const ComponentReader& reader) {
  PropertyBag& bag = reader.message.properties;
  const auto read = [&](std::string_view name, const PropertyId& id) {
    if (const ContentLine* line = reader.find(name)) set_text(bag, id, reader.source.text(*line));
  };
  read("SUMMARY", tag::subject);
  read("DESCRIPTION", tag::body);
  read("LOCATION", PropertyName(lid::location));
  if (const ContentLine* line = reader.find("X-ALT-DESC")) {
    if (equal_ignoring_case(line->parameter("FMTTYPE"), "text/html")) {
      set_bytes(bag, tag::html, reader.source.text(*line));
      bag.set(tag::internet_codepage, utf8_code_page);
    } else {
      reader.lose("X-ALT-DESC", Fidelity::dropped, "is not text/html");
    }
  }
  read_categories(reader);
}

void read_status(const ComponentReader& reader) {
  read_class(reader);
  read_priority(reader);
  read_microsoft(reader);
  PropertyBag& bag = reader.message.properties;
  if (const ContentLine* line = reader.find("SEQUENCE")) {
    if (const auto sequence = number_of(line->value))
      bag.set(PropertyName(lid::appointment_sequence), *sequence);
    else
      reader.lose("SEQUENCE", Fidelity::dropped, "is no number");
  }
  if (reader.kind == MessageKind::task) return;
  const ContentLine* line = reader.find("STATUS");
  const std::string_view status = line == nullptr ? std::string_view{} : codec::trim(line->value);
  if (reader.kind == MessageKind::appointment) read_busy(reader, status);
  const bool is_meeting = reader.find("ORGANIZER") != nullptr || reader.find("ATTENDEE") != nullptr;
  const bool is_canceled = equal_ignoring_case(status, "CANCELLED");
  const std::int32_t flags = (is_meeting ? state_meeting : 0) | (is_canceled ? state_canceled : 0);
  if (flags != 0) bag.set(PropertyName(lid::appointment_state_flags), flags);
  const auto busy = held_number(bag, PropertyName(lid::busy_status));
  const bool told = is_canceled || (equal_ignoring_case(status, "TENTATIVE") && busy == busy_tentative);
  if (line != nullptr && !told) reader.lose("STATUS", Fidelity::dropped, "no property tells this status");
}

void read_task_status(const ComponentReader& reader) {
  PropertyBag& bag = reader.message.properties;
  std::optional<std::int32_t> status;
  if (const ContentLine* line = reader.find("STATUS")) {
    status = index_of(task_status_names, codec::trim(line->value));
    if (equal_ignoring_case(codec::trim(line->value), "CANCELLED")) {
      status = task_deferred;
      reader.lose("STATUS", Fidelity::approximated, "cancelled: deferred");
    } else if (!status) {
      reader.lose("STATUS", Fidelity::dropped, "no property tells this status");
    }
  }
  if (const ContentLine* line = reader.find("X-MAPISTORE-TASK-STATUS")) {
    if (equal_ignoring_case(line->value, "WAITING")) status = task_waiting;
    if (equal_ignoring_case(line->value, "DEFERRED")) status = task_deferred;
  }
  if (!status && reader.find("COMPLETED") != nullptr) status = task_complete;
  if (status) {
    bag.set(PropertyName(lid::task_status), *status);
    bag.set(PropertyName(lid::task_complete), *status == task_complete);
  }
  if (const ContentLine* line = reader.find("PERCENT-COMPLETE")) {
    const auto percent = number_of(line->value);
    if (percent && *percent >= 0 && *percent <= 100)
      bag.set(PropertyName(lid::percent_complete), *percent / 100.0);
    else
      reader.lose("PERCENT-COMPLETE", Fidelity::dropped, "is no percentage");
  }
}

}  // namespace mapistore::conversion
