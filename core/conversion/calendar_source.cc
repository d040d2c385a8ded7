#include "core/conversion/calendar_source.h"

#include <utility>

#include "core/codec/ascii.h"

namespace mapistore::conversion {

using codec::ContentComponent;
using codec::ContentLine;

std::string_view component_name(MessageKind kind) noexcept {
  if (kind == MessageKind::task) return "VTODO";
  return kind == MessageKind::journal ? "VJOURNAL" : "VEVENT";
}

CalendarSource::CalendarSource(MessageKind kind, const SharedBytes& bytes)
    : CalendarSource(kind, codec::ContentDocument(bytes.view()), bytes.owner()) {}

CalendarSource::CalendarSource(MessageKind kind, const std::vector<SharedBytes>& pieces)
    : CalendarSource(kind, codec::ContentDocument(pieces), std::make_shared<const std::vector<SharedBytes>>(pieces)) {}

CalendarSource::CalendarSource(MessageKind kind, codec::ContentDocument document, std::shared_ptr<const void> owner)
    : owner_{std::move(owner)}, document_{std::move(document)} {
  for (const ContentComponent& component : document_.root().children) {
    if (component.is("VCALENDAR") && (calendar_ == nullptr || main_ == nullptr)) {
      calendar_ = &component;
      choose(component_name(kind));
    }
  }
  if (calendar_ != nullptr) read_zones();
}

void CalendarSource::choose(std::string_view name) {
  const ContentComponent* first = nullptr;
  for (const ContentComponent& child : calendar_->children) {
    if (first == nullptr && child.is(name)) first = &child;
  }
  if (first == nullptr) return;
  main_ = first;
  const std::string series = uid(*first);
  for (const ContentComponent& child : calendar_->children) {
    if (!child.is(name) || uid(child) != series) continue;
    if (find(child, "RECURRENCE-ID") == nullptr) {
      main_ = &child;
      break;
    }
  }
  for (const ContentComponent& child : calendar_->children) {
    if (&child == main_ || child.is("VTIMEZONE")) continue;
    const bool of_series = child.is(name) && uid(child) == series && !series.empty();
    const bool is_exception = of_series && find(child, "RECURRENCE-ID") && !find(*main_, "RECURRENCE-ID");
    (is_exception ? exceptions_ : others_).push_back(&child);
  }
}

void CalendarSource::read_zones() {
  for (const ContentComponent& child : calendar_->children) {
    if (!child.is("VTIMEZONE")) continue;
    if (auto zone = TimeZone::read(document_, child)) {
      std::string id = zone->id();
      const auto [place, added] = zones_.emplace(std::move(id), *std::move(zone));
      if (date_zone_ == nullptr && added) date_zone_ = &place->second;
    }
  }
  if (const ContentLine* line = find(*calendar_, "X-WR-TIMEZONE")) {
    if (const TimeZone* own = zone(text(*line))) date_zone_ = own;
  }
}

const ContentLine* CalendarSource::find(const ContentComponent& component, std::string_view name) const noexcept {
  const auto number = find_number(component, name);
  return number ? &document_.content(*number) : nullptr;
}

std::optional<std::size_t> CalendarSource::find_number(const ContentComponent& component,
                                                       std::string_view name) const noexcept {
  for (const std::size_t number : component.lines) {
    if (document_.content(number).is(name)) return number;
  }
  return std::nullopt;
}

std::string CalendarSource::decoded(const ContentLine& line) const { return codec::decoded_value(line, charsets_); }

std::string CalendarSource::text(const ContentLine& line) const { return codec::unescaped_text(decoded(line)); }

std::string CalendarSource::uid(const ContentComponent& component) const {
  const ContentLine* line = find(component, "UID");
  return line == nullptr ? std::string{} : std::string(codec::trim(text(*line)));
}

const TimeZone* CalendarSource::zone(std::string_view id) const noexcept {
  const auto found = zones_.find(id);
  return found == zones_.end() ? nullptr : &found->second;
}

const ContentComponent* CalendarSource::zone_component(std::string_view id) const noexcept {
  if (calendar_ == nullptr) return nullptr;
  for (const ContentComponent& child : calendar_->children) {
    const ContentLine* line = child.is("VTIMEZONE") ? find(child, "TZID") : nullptr;
    if (line != nullptr && codec::unescaped_text(codec::undeclared_text(line->value)) == id) return &child;
  }
  return nullptr;
}

LineZone CalendarSource::line_zone(const ContentLine& line) const {
  const std::string id = codec::undeclared_text(line.parameter("TZID"));
  return id.empty() ? LineZone{} : LineZone{zone(id), true};
}

std::optional<LineTime> CalendarSource::time(const LineZone& zone, std::string_view value) const {
  const auto written = parse_calendar_time(value);
  if (!written) return std::nullopt;
  LineTime time{*written};
  if (written->date_only) {
    time.zone = date_zone_;
  } else if (!written->utc) {
    time.zone = zone.zone;
    time.is_of_unknown_zone = zone.is_named && zone.zone == nullptr;
  }
  return time;
}

}  // namespace mapistore::conversion
