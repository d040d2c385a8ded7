#include "core/conversion/time_zone_definition.h"

#include <utility>

#include "core/codec/little_endian.h"
#include "core/properties/wtf8.h"

namespace mapistore::conversion {
namespace {

using codec::LittleEndianReader;
using codec::LittleEndianWriter;

constexpr std::uint8_t major_version = 2;
constexpr std::uint8_t minor_version = 1;
constexpr std::uint16_t has_key_name = 2;
constexpr std::uint16_t period_size = 0x3e;
constexpr std::size_t unused_size = 14;
constexpr std::size_t most_rules = 1024;  // MS-OXOCAL: cRules is at most that
constexpr std::size_t longest_key_name = 260;

void put_transition(LittleEndianWriter& out, const ZoneTransition& transition) {
  for (const std::uint16_t field : {transition.year, transition.month, transition.weekday, transition.day,
                                    transition.hour, transition.minute, transition.second, transition.millisecond}) {
    out.put(field);
  }
}

ZoneTransition take_transition(LittleEndianReader& in) {
  ZoneTransition transition;
  for (std::uint16_t* field : {&transition.year, &transition.month, &transition.weekday, &transition.day,
                               &transition.hour, &transition.minute, &transition.second, &transition.millisecond}) {
    *field = in.take<std::uint16_t>();
  }
  return transition;
}

ZonePeriod take_period(LittleEndianReader& in) {
  ZonePeriod period;
  in.take<std::uint16_t>();
  in.take<std::uint16_t>();
  period.flags = in.take<std::uint16_t>();
  period.year = in.take<std::uint16_t>();
  in.take_bytes(unused_size);
  period.bias = in.take<std::int32_t>();
  period.standard_bias = in.take<std::int32_t>();
  period.daylight_bias = in.take<std::int32_t>();
  period.to_standard = take_transition(in);
  period.to_daylight = take_transition(in);
  return period;
}

std::unexpected<Error> cut_short() { return fail(Errc::invalid_content, "time zone", "the structure is cut short"); }

}  // namespace

Binary encode_zone(const ZoneDefinition& zone) {
  Binary name;
  append_utf16(name, zone.key_name);
  if (name.size() > 2 * longest_key_name) name.resize(2 * longest_key_name);
  LittleEndianWriter out;
  out.put(major_version);
  out.put(minor_version);
  out.put(static_cast<std::uint16_t>(3 * sizeof(std::uint16_t) + name.size()));
  out.put(has_key_name);
  out.put(static_cast<std::uint16_t>(name.size() / 2));
  out.put_bytes(name);
  out.put(static_cast<std::uint16_t>(zone.periods.size()));
  for (const ZonePeriod& period : zone.periods) {
    out.put(major_version);
    out.put(minor_version);
    out.put(period_size);
    out.put(period.flags);
    out.put(period.year);
    for (std::size_t i = 0; i < unused_size; ++i) out.put(std::uint8_t{0});
    out.put(period.bias);
    out.put(period.standard_bias);
    out.put(period.daylight_bias);
    put_transition(out, period.to_standard);
    put_transition(out, period.to_daylight);
  }
  return std::move(out).take();
}

Result<ZoneDefinition> decode_zone(const Binary& blob) {
  LittleEndianReader in(blob);
  if (in.take<std::uint8_t>() != major_version) return cut_short();
  in.take<std::uint8_t>();
  in.take<std::uint16_t>();
  in.take<std::uint16_t>();
  const auto length = in.take<std::uint16_t>();
  if (length > longest_key_name) return cut_short();
  const auto name = in.take_bytes(std::size_t{2} * length);
  const auto count = in.take<std::uint16_t>();
  if (count > most_rules) return cut_short();
  ZoneDefinition zone{wtf8_of_utf16(name), {}};
  for (std::uint16_t i = 0; i < count && in.ok(); ++i) zone.periods.push_back(take_period(in));
  if (!in.ok() || zone.periods.empty()) return cut_short();
  return zone;
}

Binary encode_zone_struct(const ZonePeriod& period) {
  LittleEndianWriter out;
  out.put(period.bias);
  out.put(period.standard_bias);
  out.put(period.daylight_bias);
  out.put(period.to_standard.year);
  put_transition(out, period.to_standard);
  out.put(period.to_daylight.year);
  put_transition(out, period.to_daylight);
  return std::move(out).take();
}

Result<ZonePeriod> decode_zone_struct(const Binary& blob) {
  LittleEndianReader in(blob);
  ZonePeriod period;
  period.bias = in.take<std::int32_t>();
  period.standard_bias = in.take<std::int32_t>();
  period.daylight_bias = in.take<std::int32_t>();
  in.take<std::uint16_t>();
  period.to_standard = take_transition(in);
  in.take<std::uint16_t>();
  period.to_daylight = take_transition(in);
  if (!in.ok()) return cut_short();
  return period;
}

}  // namespace mapistore::conversion
