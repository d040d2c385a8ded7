#include "core/codec/plain_calendar.h"

#include <algorithm>
#include <array>
#include <span>

#include "core/codec/ascii.h"

namespace mapistore::codec {

namespace {

constexpr std::size_t most_observances = 200;

/// What is kept of a component.
struct Kept {
  std::string_view component;
  std::span<const std::string_view> properties;
};

constexpr std::array<std::string_view, 10> of_event{"UID",   "DTSTART", "DTEND",         "DURATION", "RRULE",
                                                    "RDATE", "EXDATE",  "RECURRENCE-ID", "STATUS",   "TRANSP"};
constexpr std::array<std::string_view, 1> of_zone{"TZID"};
constexpr std::array<std::string_view, 5> of_observance{"DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "RRULE", "RDATE"};

constexpr Kept event{"VEVENT", of_event};
constexpr std::array<Kept, 2> observances{{{"STANDARD", of_observance}, {"DAYLIGHT", of_observance}}};

/// Of a yearly rule, so that it has at most a few times in a year.
constexpr std::array<std::string_view, 8> parts_of_zone_rule{"FREQ=YEARLY", "BYDAY=", "BYMONTH=",  "BYMONTHDAY=",
                                                             "UNTIL=",      "COUNT=", "INTERVAL=", "WKST="};

bool tells_change_of_clocks(std::string_view rule) {
  bool is_yearly = false;
  while (!rule.empty()) {
    const std::string_view part = rule.substr(0, rule.find(';'));
    rule.remove_prefix(std::min(part.size() + 1, rule.size()));
    const auto begins_part = [part](std::string_view begin) { return starts_ignoring_case(part, begin); };
    if (std::ranges::none_of(parts_of_zone_rule, begins_part)) return false;
    is_yearly |= begins_part(parts_of_zone_rule.front());
  }
  return is_yearly;
}

class Writer {
 public:
  explicit Writer(const ContentDocument& document) : document_{document} {}

  std::string write(const ContentComponent& calendar) {
    text_ = "BEGIN:VCALENDAR\r\n";
    for (const ContentComponent& one : calendar.children) {
      if (one.is("VTIMEZONE")) add_zone(one);
      if (one.is(event.component)) add(one, event);
    }
    return std::move(text_) + "END:VCALENDAR\r\n";
  }

 private:
  void add_zone(const ContentComponent& zone) {
    text_ += "BEGIN:VTIMEZONE\r\n";
    add_lines(zone, of_zone);
    std::size_t left = most_observances;
    for (const ContentComponent& one : zone.children) {
      const auto kept = std::ranges::find_if(observances, [&](const Kept& kind) { return one.is(kind.component); });
      if (kept == observances.end() || left == 0 || has_other_rule(one)) continue;
      add(one, *kept);
      --left;
    }
    text_ += "END:VTIMEZONE\r\n";
  }

  bool has_other_rule(const ContentComponent& observance) const {
    return std::ranges::any_of(observance.lines, [&](std::size_t number) {
      const ContentLine& line = document_.content(number);
      return line.is("RRULE") && !tells_change_of_clocks(line.value);
    });
  }

  void add(const ContentComponent& component, const Kept& kept) {
    text_.append("BEGIN:").append(kept.component).append("\r\n");
    add_lines(component, kept.properties);
    text_.append("END:").append(kept.component).append("\r\n");
  }

  void add_lines(const ContentComponent& component, std::span<const std::string_view> properties) {
    for (const std::size_t number : component.lines) {
      const ContentLine& line = document_.content(number);
      const auto name = std::ranges::find_if(properties, [&](std::string_view one) { return line.is(one); });
      if (name == properties.end() || line.folded) continue;
      text_ += *name;
      for (const std::string_view parameter : {"VALUE", "TZID"}) add_parameter(parameter, line.parameter(parameter));
      text_.append(":").append(line.value).append("\r\n");
    }
  }

  void add_parameter(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    const std::string_view quote = value.find_first_of(":;,") != std::string_view::npos ? "\"" : "";
    text_.append(";").append(name).append("=").append(quote).append(value).append(quote);
  }

  const ContentDocument& document_;
  std::string text_;
};

}  // namespace

std::string plain_calendar(const ContentDocument& document, const ContentComponent& calendar) {
  return Writer{document}.write(calendar);
}

}  // namespace mapistore::codec
