#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec/content_document.h"
#include "core/conversion/calendar_time.h"
#include "core/conversion/recurrence_rule.h"
#include "core/conversion/time_zone_definition.h"

namespace mapistore::conversion {

/// The clocks of a zone, from a VTIMEZONE or a zone structure alone. Conversions take time bounded by
/// `most_observances`.
class TimeZone {
 public:
  static constexpr std::size_t most_observances = 256;

  /// Nothing if it has no usable STANDARD or DAYLIGHT.
  static std::optional<TimeZone> read(const codec::ContentDocument& document, const codec::ContentComponent& component);
  static TimeZone of(std::string id, const ZoneDefinition& definition);

  const std::string& id() const noexcept { return id_; }

  /// A time that the clocks skip counts as if they had not; of one that they show twice the first is meant.
  UtcTime to_utc(WallTime wall) const;
  WallTime to_wall(UtcTime utc) const;

  /// From the year of `reference` on. `exact`: the structure tells the rules without change.
  ZoneDefinition definition(WallTime reference, bool& exact) const;

  /// A VTIMEZONE, unfolded.
  std::vector<std::string> lines() const;

 private:
  /// One STANDARD or DAYLIGHT.
  struct Observance {
    bool daylight = false;
    std::chrono::seconds from{};
    std::chrono::seconds to{};
    WallTime start{};  ///< on the clock before the change, as all onsets
    std::optional<RecurrenceRule> rule;
    std::optional<UtcTime> until;
    std::vector<WallTime> dates;  ///< ascending
  };

  struct Onset {
    const Observance* observance = nullptr;
    WallTime wall{};

    UtcTime utc() const noexcept { return as_utc(wall) - observance->from; }
  };

  static std::optional<Observance> read_observance(const codec::ContentDocument& document,
                                                   const codec::ContentComponent& component);
  static std::optional<WallTime> latest_onset(const Observance& observance, WallTime limit);
  void add_period(const ZonePeriod& period, std::chrono::year first, std::optional<std::chrono::year> next,
                  std::optional<std::chrono::seconds> before);
  Onset first_onset() const;
  std::optional<Onset> onset_in(std::chrono::year year, bool daylight) const;
  ZonePeriod period_of(std::chrono::year year, bool& exact) const;
  std::chrono::year last_change() const;

  std::string id_;
  std::vector<Observance> observances_;
};

/// The name that Windows has for a zone of the IANA database; the name itself if it has none.
std::string_view windows_zone_name(std::string_view id) noexcept;

/// `+HHMM` or `+HHMMSS` (RFC 5545 3.3.14).
std::optional<std::chrono::seconds> parse_utc_offset(std::string_view value);

}  // namespace mapistore::conversion
