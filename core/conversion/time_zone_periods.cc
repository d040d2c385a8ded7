#include <algorithm>
#include <array>
#include <utility>

#include "core/conversion/time_zone_rules.h"

// Between the rules of a VTIMEZONE and the zone structures of MAPI.

namespace mapistore::conversion {
namespace {

using namespace std::chrono;

/// The first of a definition's periods counts for all years before it, too.
constexpr year first_year{1601};
constexpr int most_years = 50;
constexpr int last_in_month = 5;

std::int32_t bias_of(seconds offset, bool& exact) {
  exact = exact && offset % minutes{1} == seconds{0};
  return static_cast<std::int32_t>(-duration_cast<minutes>(offset).count());
}

/// Which of its weekday in the month a change is.
unsigned nth_of(const std::optional<RecurrenceRule>& rule, local_days onset, bool& exact) {
  const year_month_day date{onset};
  const unsigned day{date.day()};
  const bool last = year_month_day{onset + weeks{1}}.month() != date.month();
  if (!rule || rule->weekdays.empty()) {
    exact = false;
    return last ? last_in_month : (day - 1) / 7 + 1;
  }
  const int nth = rule->month_days.empty() ? rule->weekdays.front().nth : static_cast<int>((day - 1) / 7 + 1);
  if (nth == -1) return last_in_month;
  if (nth < 1 || nth > 4) exact = false;
  return nth >= 1 ? static_cast<unsigned>(nth) : (day - 1) / 7 + 1;
}

ZoneTransition transition_at(WallTime onset, unsigned nth) {
  const auto date = floor<days>(onset);
  const hh_mm_ss clock{onset - date};
  ZoneTransition transition;
  transition.month = static_cast<std::uint16_t>(unsigned{year_month_day{date}.month()});
  transition.weekday = static_cast<std::uint16_t>(weekday{date}.c_encoding());
  transition.day = static_cast<std::uint16_t>(nth);
  transition.hour = static_cast<std::uint16_t>(clock.hours().count());
  transition.minute = static_cast<std::uint16_t>(clock.minutes().count());
  transition.second = static_cast<std::uint16_t>(clock.seconds().count());
  return transition;
}

/// Whether the fields are of a calendar, so that they can be computed with.
bool is_usable(const ZoneTransition& transition) {
  return transition.month >= 1 && transition.month <= 12 && transition.weekday <= 6 && transition.day >= 1 &&
         transition.day <= (transition.year == 0 ? 5 : 28) && transition.hour <= 23 && transition.minute <= 59 &&
         transition.second <= 59;
}

RecurrenceRule rule_of(const ZoneTransition& transition) {
  RecurrenceRule rule;
  rule.frequency = RuleFrequency::yearly;
  rule.weekdays = {{transition.day == last_in_month ? -1 : transition.day, transition.weekday}};
  rule.months = {transition.month};
  return rule;
}

WallTime clock_of(const ZoneTransition& transition, local_days day) {
  return day + hours{transition.hour} + minutes{transition.minute} + seconds{transition.second};
}

std::string offset_text(seconds offset) {
  const hh_mm_ss clock{abs(offset)};
  const auto two = [](std::int64_t value) { return (value < 10 ? "0" : "") + std::to_string(value); };
  std::string text = offset < seconds{0} ? "-" : "+";
  text += two(clock.hours().count()) + two(clock.minutes().count());
  if (clock.seconds() != seconds{0}) text += two(clock.seconds().count());
  return text;
}

std::string yearly_text(const RecurrenceRule& rule, std::optional<UtcTime> until) {
  const auto [nth, weekday] = rule.weekdays.front();
  std::string text = "RRULE:FREQ=YEARLY;BYMONTH=" + std::to_string(rule.months.front()) +
                     ";BYDAY=" + std::to_string(nth) + std::string(weekday_names[weekday]);
  if (until) text += ";UNTIL=" + calendar_text({as_wall(*until), false, true});
  return text;
}

/// Bias fields that no zone has would overflow what is computed from them.
seconds offset_of(std::int64_t bias) { return -minutes{std::clamp<std::int64_t>(bias, -1560, 1560)}; }

}  // namespace

std::optional<TimeZone::Onset> TimeZone::onset_in(year year, bool daylight) const {
  const WallTime end = local_days{year / December / 31} + days{1} - seconds{1};
  std::optional<Onset> latest;
  for (const Observance& observance : observances_) {
    if (observance.daylight != daylight) continue;
    const auto found = latest_onset(observance, end);
    if (!found || *found < local_days{year / January / 1}) continue;
    const Onset onset{&observance, *found};
    if (!latest || onset.utc() > latest->utc()) latest = onset;
  }
  return latest;
}

ZonePeriod TimeZone::period_of(year year, bool& exact) const {
  ZonePeriod period;
  const auto standard = onset_in(year, false);
  const auto daylight = onset_in(year, true);
  if (!standard || !daylight || standard->observance->to == daylight->observance->to) {
    const WallTime end = local_days{year / December / 31};
    period.bias = bias_of(end - as_wall(to_utc(end)), exact);
    exact = exact && !(standard && daylight);
    return period;
  }
  period.bias = bias_of(standard->observance->to, exact);
  period.daylight_bias = bias_of(daylight->observance->to, exact) - period.bias;
  const auto transition_of = [&](const Onset& onset) {
    return transition_at(onset.wall, nth_of(onset.observance->rule, floor<days>(onset.wall), exact));
  };
  period.to_standard = transition_of(*standard);
  period.to_daylight = transition_of(*daylight);
  return period;
}

/// The last year in which the rules themselves change.
year TimeZone::last_change() const {
  year last = first_year;
  const auto include = [&](WallTime time) { last = std::max(last, year_month_day{floor<days>(time)}.year()); };
  for (const Observance& observance : observances_) {
    include(observance.start);
    if (!observance.dates.empty()) include(observance.dates.back());
    if (observance.until) include(as_wall(*observance.until) + days{366});
  }
  return last;
}

ZoneDefinition TimeZone::definition(WallTime reference, bool& exact) const {
  exact = true;
  ZoneDefinition zone{std::string(windows_zone_name(id_)), {}};
  const year first = year_month_day{floor<days>(reference)}.year();
  const year last = std::clamp(last_change(), first, first + years{most_years});
  for (year year = first; year <= last; ++year) {
    ZonePeriod period = period_of(year, exact);
    period.year = static_cast<std::uint16_t>(static_cast<int>(year == first ? first_year : year));
    if (!zone.periods.empty()) {
      ZonePeriod before = zone.periods.back();
      before.year = period.year;
      before.flags = period.flags;
      if (before == period) continue;
    } else {
      period.flags = period_of_recurrence | period_in_effect;
    }
    zone.periods.push_back(period);
  }
  return zone;
}

TimeZone TimeZone::of(std::string id, const ZoneDefinition& definition) {
  TimeZone zone;
  zone.id_ = std::move(id);
  std::optional<seconds> before;
  const std::size_t count = std::min(definition.periods.size(), most_observances / 3);
  for (std::size_t i = 0; i < count; ++i) {
    const ZonePeriod& period = definition.periods[i];
    const auto year_at = [&](std::size_t at) {
      return std::chrono::year{std::clamp<int>(definition.periods[at].year, 1601, 4500)};
    };
    zone.add_period(period, i == 0 ? first_year : year_at(i),
                    i + 1 < count ? std::optional{year_at(i + 1)} : std::nullopt, before);
    before = offset_of(std::int64_t{period.bias} + period.standard_bias);
  }
  return zone;
}

void TimeZone::add_period(const ZonePeriod& period, year first, std::optional<year> next,
                          std::optional<seconds> before) {
  const seconds standard = offset_of(std::int64_t{period.bias} + period.standard_bias);
  const seconds daylight = offset_of(std::int64_t{period.bias} + period.daylight_bias);
  const bool changes = is_usable(period.to_standard) && is_usable(period.to_daylight);
  if (!changes || (before && *before != standard)) {
    const WallTime start = local_days{first / January / 1};
    observances_.push_back({false, before.value_or(standard), standard, start, std::nullopt, std::nullopt, {}});
  }
  if (!changes) return;
  for (const bool is_daylight : {true, false}) {
    const ZoneTransition& transition = is_daylight ? period.to_daylight : period.to_standard;
    Observance observance;
    observance.daylight = is_daylight;
    observance.from = is_daylight ? standard : daylight;
    observance.to = is_daylight ? daylight : standard;
    if (transition.year != 0) {
      observance.start = clock_of(transition, local_days{year{std::clamp<int>(transition.year, 1601, 4500)} /
                                                         month{transition.month} / day{transition.day}});
    } else {
      observance.rule = rule_of(transition);
      const auto day_in = [&](year in) {
        return *yearly_day(*observance.rule, local_days{in / transition.month / 1}, in);
      };
      observance.start = clock_of(transition, day_in(first));
      if (next) observance.until = as_utc(clock_of(transition, day_in(*next - years{1}))) - observance.from;
    }
    observances_.push_back(std::move(observance));
  }
}

std::vector<std::string> TimeZone::lines() const {
  std::vector<std::string> lines{"BEGIN:VTIMEZONE", "TZID:" + codec::escaped_text(id_)};
  for (const Observance& observance : observances_) {
    const std::string name = observance.daylight ? "DAYLIGHT" : "STANDARD";
    lines.push_back("BEGIN:" + name);
    lines.push_back("DTSTART:" + calendar_text({observance.start, false, false}));
    lines.push_back("TZOFFSETFROM:" + offset_text(observance.from));
    lines.push_back("TZOFFSETTO:" + offset_text(observance.to));
    if (observance.rule) lines.push_back(yearly_text(*observance.rule, observance.until));
    lines.push_back("END:" + name);
  }
  lines.emplace_back("END:VTIMEZONE");
  return lines;
}

}  // namespace mapistore::conversion
