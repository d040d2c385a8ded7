#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec/charset.h"
#include "core/codec/content_document.h"
#include "core/conversion/convert.h"
#include "core/conversion/time_zone_rules.h"

namespace mapistore::conversion {

/// A time as a line tells it.
struct LineTime {
  CalendarTime written;
  const TimeZone* zone = nullptr;   ///< null: UTC, floating, or of a zone that the file does not describe
  bool is_of_unknown_zone = false;  ///< it is the latter

  UtcTime utc() const { return zone != nullptr ? zone->to_utc(written.wall) : as_utc(written.wall); }
  bool is_floating() const noexcept { return !written.utc && zone == nullptr; }
};

/// The zone that a line names.
struct LineZone {
  const TimeZone* zone = nullptr;
  bool is_named = false;
};

/// The name of the components that hold messages of a kind: "VEVENT".
std::string_view component_name(MessageKind kind) noexcept;

/// A calendar file: its zones, and the component that is the message, with its exceptions.
class CalendarSource {
 public:
  CalendarSource(MessageKind kind, const SharedBytes& bytes);
  /// The file that `pieces` of a ContentDocument make together; its document cannot be changed.
  CalendarSource(MessageKind kind, const std::vector<SharedBytes>& pieces);

  /// What keeps the bytes of all lines alive.
  const std::shared_ptr<const void>& owner() const noexcept { return owner_; }
  codec::ContentDocument& document() noexcept { return document_; }
  const codec::ContentDocument& document() const noexcept { return document_; }
  const codec::ContentComponent* calendar() const noexcept { return calendar_; }
  /// The first component of the kind; of its series' components the one without RECURRENCE-ID. Null: there is none.
  const codec::ContentComponent* main() const noexcept { return main_; }
  const std::vector<const codec::ContentComponent*>& exceptions() const noexcept { return exceptions_; }
  /// Other components of the calendar that could be messages.
  const std::vector<const codec::ContentComponent*>& others() const noexcept { return others_; }

  const codec::ContentLine* find(const codec::ContentComponent& component, std::string_view name) const noexcept;
  std::optional<std::size_t> find_number(const codec::ContentComponent& component,
                                         std::string_view name) const noexcept;
  /// A value as characters, escapes still in it.
  std::string decoded(const codec::ContentLine& line) const;
  /// The text of a value, with its line feeds.
  std::string text(const codec::ContentLine& line) const;
  std::string uid(const codec::ContentComponent& component) const;

  /// Null for an unknown one.
  const TimeZone* zone(std::string_view id) const noexcept;
  const codec::ContentComponent* zone_component(std::string_view id) const noexcept;

  std::optional<LineTime> time(const codec::ContentLine& line) const { return time(line_zone(line), line.value); }
  /// What a line says of the zone of its values: looked up once, however many they are.
  LineZone line_zone(const codec::ContentLine& line) const;
  std::optional<LineTime> time(const LineZone& zone, std::string_view value) const;

 private:
  CalendarSource(MessageKind kind, codec::ContentDocument document, std::shared_ptr<const void> owner);

  void read_zones();
  void choose(std::string_view name);

  std::shared_ptr<const void> owner_;
  codec::ContentDocument document_;
  mutable codec::CharsetDecoder charsets_;
  const codec::ContentComponent* calendar_ = nullptr;
  const codec::ContentComponent* main_ = nullptr;
  std::vector<const codec::ContentComponent*> exceptions_;
  std::vector<const codec::ContentComponent*> others_;
  std::map<std::string, TimeZone, std::less<>> zones_;
  /// Where a date without zone begins: the calendar's own zone, else its first; null: UTC.
  const TimeZone* date_zone_ = nullptr;
};

}  // namespace mapistore::conversion
