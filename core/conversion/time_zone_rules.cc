#include "core/conversion/time_zone_rules.h"

#include <algorithm>
#include <utility>

#include "core/codec/ascii.h"
#include "core/codec/charset.h"

namespace mapistore::conversion {
namespace {

using namespace std::chrono;
using codec::ContentComponent;
using codec::ContentDocument;
using codec::ContentLine;

constexpr std::size_t most_dates = 1000;

year year_of(WallTime time) noexcept { return year_month_day{floor<days>(time)}.year(); }

}  // namespace

std::optional<seconds> parse_utc_offset(std::string_view value) {
  value = codec::trim(value);
  if (value.size() < 5 || (value.front() != '+' && value.front() != '-')) return std::nullopt;
  const bool negative = value.front() == '-';
  int total = 0;
  int piece = 0;
  std::size_t count = 0;
  for (const char c : value.substr(1)) {
    if (c == ':') continue;
    if (!codec::is_digit(c) || count == 6) return std::nullopt;
    piece = piece * 10 + (c - '0');
    if (++count % 2 == 0) {
      total = total * 60 + piece;
      piece = 0;
    }
  }
  if (count != 4 && count != 6) return std::nullopt;
  if (count == 4) total *= 60;
  if (total > 26 * 3600) return std::nullopt;
  return seconds{negative ? -total : total};
}

std::optional<TimeZone::Observance> TimeZone::read_observance(const ContentDocument& document,
                                                              const ContentComponent& component) {
  Observance observance;
  observance.daylight = component.is("DAYLIGHT");
  bool complete[3] = {};
  for (const std::size_t number : component.lines) {
    const ContentLine& line = document.content(number);
    const auto offset = line.is("TZOFFSETFROM") || line.is("TZOFFSETTO") ? parse_utc_offset(line.value) : std::nullopt;
    if (line.is("TZOFFSETFROM") && offset) observance.from = *offset, complete[0] = true;
    if (line.is("TZOFFSETTO") && offset) observance.to = *offset, complete[1] = true;
    if (line.is("RRULE")) observance.rule = parse_rule(line.value);
    if (line.is("DTSTART")) {
      const auto start = parse_calendar_time(line.value);
      if (start) observance.start = start->wall, complete[2] = true;
    }
    if (line.is("RDATE")) {
      for (const auto piece : codec::split_unescaped(line.value, ',')) {
        const auto date = parse_calendar_time(piece.substr(0, piece.find('/')));
        if (date && observance.dates.size() < most_dates) observance.dates.push_back(date->wall);
      }
    }
  }
  if (!complete[0] || !complete[1] || !complete[2]) return std::nullopt;
  std::ranges::sort(observance.dates);
  if (observance.rule && observance.rule->until) {
    const CalendarTime& until = *observance.rule->until;
    observance.until = until.utc ? as_utc(until.wall) : as_utc(until.wall) - observance.from;
    if (until.date_only) *observance.until += days{1} - seconds{1};
  }
  return observance;
}

std::optional<TimeZone> TimeZone::read(const ContentDocument& document, const ContentComponent& component) {
  TimeZone zone;
  for (const std::size_t number : component.lines) {
    const codec::ContentLine& line = document.content(number);
    if (line.is("TZID")) zone.id_ = codec::unescaped_text(codec::undeclared_text(line.value));
  }
  for (const ContentComponent& child : component.children) {
    if (!child.is("STANDARD") && !child.is("DAYLIGHT")) continue;
    auto observance = read_observance(document, child);
    if (observance && zone.observances_.size() < most_observances) zone.observances_.push_back(*std::move(observance));
  }
  if (zone.observances_.empty()) return std::nullopt;
  return zone;
}

/// The last time until `limit` when the clocks changed to this observance.
std::optional<WallTime> TimeZone::latest_onset(const Observance& observance, WallTime limit) {
  std::optional<WallTime> latest;
  if (observance.start <= limit) latest = observance.start;
  const auto after = std::ranges::upper_bound(observance.dates, limit);
  if (after != observance.dates.begin()) latest = std::max(latest.value_or(after[-1]), after[-1]);
  if (!observance.rule || observance.start > limit) return latest;
  const auto first_day = floor<days>(observance.start);
  const seconds clock = observance.start - first_day;
  year year = year_of(limit);
  if (observance.until) year = std::min(year, year_of(as_wall(*observance.until + observance.from)));
  constexpr int tries = 5;  // years without an onset, since intervals are short
  for (int i = 0; i < tries; ++i, --year) {
    const auto day = yearly_day(*observance.rule, first_day, year);
    if (!day) continue;
    const WallTime onset = *day + clock;
    if (onset > limit || onset < observance.start) continue;
    if (observance.until && as_utc(onset) - observance.from > *observance.until) continue;
    return std::max(latest.value_or(onset), onset);
  }
  return latest;
}

TimeZone::Onset TimeZone::first_onset() const {
  Onset first{&observances_.front(), observances_.front().start};
  for (const Observance& observance : observances_) {
    const Onset onset{&observance, observance.start};
    if (onset.utc() < first.utc()) first = onset;
  }
  return first;
}

UtcTime TimeZone::to_utc(WallTime wall) const {
  std::optional<Onset> latest;
  for (const Observance& observance : observances_) {
    const seconds skipped = std::max(observance.to - observance.from, seconds{0});
    const auto found = latest_onset(observance, wall - skipped);
    if (!found) continue;
    const Onset onset{&observance, *found};
    if (!latest || onset.utc() > latest->utc()) latest = onset;
  }
  return as_utc(wall) - (latest ? latest->observance->to : first_onset().observance->from);
}

WallTime TimeZone::to_wall(UtcTime utc) const {
  std::optional<Onset> latest;
  for (const Observance& observance : observances_) {
    const auto found = latest_onset(observance, as_wall(utc + observance.from));
    if (!found) continue;
    const Onset onset{&observance, *found};
    if (!latest || onset.utc() > latest->utc()) latest = onset;
  }
  return as_wall(utc + (latest ? latest->observance->to : first_onset().observance->from));
}

}  // namespace mapistore::conversion
