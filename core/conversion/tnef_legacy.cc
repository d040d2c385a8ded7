#include "core/conversion/tnef_legacy.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <string>
#include <utility>

#include "core/codec/ascii.h"
#include "core/codec/little_endian.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

using codec::LittleEndianReader;

using Properties = std::vector<Property>;

LittleEndianReader reader_of(std::string_view data) noexcept {
  return LittleEndianReader(std::as_bytes(std::span(data)));
}

/// Year to second as seven numbers, in UTC; the weekday at the end says nothing new.
std::optional<SystemTime> read_time(std::string_view data) {
  using namespace std::chrono;
  LittleEndianReader reader = reader_of(data);
  std::array<std::uint16_t, 6> parts{};
  for (auto& part : parts) part = reader.take<std::uint16_t>();
  const year_month_day date{year{parts[0]}, month{parts[1]}, day{parts[2]}};
  const bool in_range = parts[0] >= 1601 && parts[0] <= 9999 && parts[3] < 24 && parts[4] < 60 && parts[5] < 60;
  if (!reader.ok() || !date.ok() || !in_range) return std::nullopt;
  const auto since =
      sys_days{date} - sys_days{year{1601} / 1 / 1} + hours{parts[3]} + minutes{parts[4]} + seconds{parts[5]};
  return SystemTime{static_cast<std::uint64_t>(duration_cast<seconds>(since).count()) * SystemTime::per_second};
}

/// Bytes that were written as hexadecimal digits.
std::optional<Binary> read_hex(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  if (text.size() % 2 != 0) return std::nullopt;
  Binary bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = codec::hex_value(text[i]);
    const int low = codec::hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<std::byte>(high * 16 + low));
  }
  return bytes;
}

/// The three properties that tell a person.
struct PersonTags {
  PropertyTag name, address_type, address;
};

constexpr PersonTags sender{tag::sender_name, tag::sender_address_type, tag::sender_email_address};
constexpr PersonTags legacy_representing{tag::sent_representing_name, tag::sent_representing_address_type,
                                         tag::sent_representing_email_address};
constexpr PersonTags received_representing{tag::received_representing_name, tag::received_representing_address_type,
                                           tag::received_representing_email_address};

/// `address` is "SMTP:anna@firma.example".
Properties person(const PersonTags& tags, std::string_view name, std::string_view address, TnefValueReader& values) {
  const std::string text = values.text(address);
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return {{tags.name, values.text(name)}, {tags.address, text}};
  return {{tags.name, values.text(name)},
          {tags.address_type, text.substr(0, colon)},
          {tags.address, text.substr(colon + 1)}};
}

/// A name and an address, each behind its length.
std::optional<Properties> read_person(const PersonTags& tags, std::string_view data, TnefValueReader& values) {
  LittleEndianReader reader = reader_of(data);
  const std::string_view name = reader.take_text(reader.take<std::uint16_t>());
  const std::string_view address = reader.take_text(reader.take<std::uint16_t>());
  if (!reader.ok()) return std::nullopt;
  return person(tags, name, address, values);
}

/// The same as a triple: kind, whole size and both sizes first.
std::optional<Properties> read_triple(std::string_view data, TnefValueReader& values) {
  constexpr std::uint16_t one_off = 4;
  LittleEndianReader reader = reader_of(data);
  const auto kind = reader.take<std::uint16_t>();
  reader.take<std::uint16_t>();
  const auto name_size = reader.take<std::uint16_t>();
  const auto address_size = reader.take<std::uint16_t>();
  const std::string_view name = reader.take_text(name_size);
  const std::string_view address = reader.take_text(address_size);
  if (!reader.ok() || kind != one_off) return std::nullopt;
  return person(sender, name, address, values);
}

/// fmsRead and its kin, as the flags of PidTagMessageFlags.
std::optional<Properties> read_status(std::string_view data) {
  struct Pair {
    std::uint8_t status;
    std::int32_t flag;
  };
  static constexpr std::array pairs{Pair{0x02, 0x08}, Pair{0x04, 0x04}, Pair{0x20, 0x01}, Pair{0x80, 0x10}};
  constexpr std::uint8_t modified = 0x01;
  constexpr std::int32_t unmodified_flag = 0x02;
  LittleEndianReader reader = reader_of(data);
  const auto status = reader.take<std::uint8_t>();
  if (!reader.ok()) return std::nullopt;
  std::int32_t flags = (status & modified) != 0 ? 0 : unmodified_flag;
  for (const Pair& pair : pairs) flags |= (status & pair.status) != 0 ? pair.flag : 0;
  return Properties{{tag::message_flags, flags}};
}

/// 1 high, 2 normal, 3 low.
std::optional<Properties> read_priority(std::string_view data) {
  LittleEndianReader reader = reader_of(data);
  const auto priority = reader.take<std::uint16_t>();
  if (!reader.ok() || priority < 1 || priority > 3) return std::nullopt;
  return Properties{{tag::importance, std::int32_t{3} - priority}};
}

std::optional<Properties> read_rendering(std::string_view data) {
  constexpr std::uint16_t ole_kind = 2;
  constexpr std::int32_t by_value = 1;
  constexpr std::int32_t ole = 6;
  LittleEndianReader reader = reader_of(data);
  const auto kind = reader.take<std::uint16_t>();
  const auto position = reader.take<std::int32_t>();
  if (!reader.ok()) return std::nullopt;
  return Properties{{tag::attach_method, kind == ole_kind ? ole : by_value}, {tag::rendering_position, position}};
}

template <class Value>
std::optional<Properties> single(PropertyTag id, std::optional<Value> value) {
  if (!value) return std::nullopt;
  return Properties{{id, PropertyValue(*std::move(value))}};
}

std::optional<std::int32_t> read_long(std::string_view data) {
  LittleEndianReader reader = reader_of(data);
  const auto value = reader.take<std::int32_t>();
  return reader.ok() ? std::optional(value) : std::nullopt;
}

std::optional<bool> read_flag(std::string_view data) {
  LittleEndianReader reader = reader_of(data);
  const auto value = reader.take<std::uint16_t>();
  return reader.ok() ? std::optional(value != 0) : std::nullopt;
}

std::string read_class(std::string_view data, TnefValueReader& values) {
  return std::string(message_class_of_legacy(values.text(data)));
}

/// Who answers a meeting request owns the message that he received it in; else the owner is who sent it.
const PersonTags& owner_tags(std::string_view class_name) noexcept {
  return codec::starts_ignoring_case(class_name, "IPM.Schedule.Meeting.Resp") ? received_representing
                                                                              : legacy_representing;
}

std::optional<Properties> of_attachment(const TnefAttribute& attribute, TnefValueReader& values) {
  using enum TnefId;
  const std::string_view data = attribute.data;
  switch (attribute.id) {
    case attach_rendering: return read_rendering(data);
    case attach_data: return Properties{{tag::attach_data_binary, values.binary_value(data)}};
    case attach_title: return Properties{{tag::attach_filename, values.text_value(data)}};
    case attach_metafile: return Properties{{tag::attach_rendering, values.binary_value(data)}};
    case attach_transport_name: return Properties{{tag::attach_transport_name, values.text_value(data)}};
    case attach_created: return single(tag::creation_time, read_time(data));
    case attach_modified: return single(tag::last_modification_time, read_time(data));
    default: return std::nullopt;
  }
}

}  // namespace

std::string_view message_class_of_legacy(std::string_view legacy) noexcept {
  struct Pair {
    std::string_view legacy, today;
  };
  static constexpr std::array pairs{Pair{"IPM.Microsoft Mail.Note", "IPM.Note"},
                                    Pair{"IPM.Microsoft Mail.Read Receipt", "REPORT.IPM.Note.IPNRN"},
                                    Pair{"IPM.Microsoft Mail.Non-Delivery", "REPORT.IPM.Note.NDR"},
                                    Pair{"IPM.Microsoft Schedule.MtgReq", "IPM.Schedule.Meeting.Request"},
                                    Pair{"IPM.Microsoft Schedule.MtgRespP", "IPM.Schedule.Meeting.Resp.Pos"},
                                    Pair{"IPM.Microsoft Schedule.MtgRespN", "IPM.Schedule.Meeting.Resp.Neg"},
                                    Pair{"IPM.Microsoft Schedule.MtgRespA", "IPM.Schedule.Meeting.Resp.Tent"},
                                    Pair{"IPM.Microsoft Schedule.MtgCncl", "IPM.Schedule.Meeting.Canceled"}};
  const auto* found =
      std::ranges::find_if(pairs, [&](const Pair& pair) { return codec::equal_ignoring_case(pair.legacy, legacy); });
  return found == pairs.end() ? legacy : found->today;
}

std::optional<Properties> legacy_properties(const TnefAttribute& attribute, std::string_view class_name,
                                            TnefValueReader& values) {
  using enum TnefId;
  if (attribute.of_attachment) return of_attachment(attribute, values);
  const std::string_view data = attribute.data;
  switch (attribute.id) {
    case from: return read_triple(data, values);
    case sent_for: return read_person(legacy_representing, data, values);
    case owner: return read_person(owner_tags(class_name), data, values);
    case date_start: return single(tag::start_date, read_time(data));
    case date_end: return single(tag::end_date, read_time(data));
    case date_sent: return single(tag::client_submit_time, read_time(data));
    case date_received: return single(tag::message_delivery_time, read_time(data));
    case date_modified: return single(tag::last_modification_time, read_time(data));
    case owner_appointment: return single(tag::owner_appointment_id, read_long(data));
    case request_response: return single(tag::response_requested, read_flag(data));
    case message_class: return Properties{{tag::message_class, read_class(data, values)}};
    case original_message_class: return Properties{{tag::original_message_class, read_class(data, values)}};
    case subject: return Properties{{tag::subject, values.text_value(data)}};
    case body: return Properties{{tag::body, values.text_value(data)}};
    case message_status: return read_status(data);
    case priority: return read_priority(data);
    case message_id: return single(tag::search_key, read_hex(data));
    case parent_id: return single(tag::parent_key, read_hex(data));
    default: return std::nullopt;
  }
}

}  // namespace mapistore::conversion
