#include "core/conversion/calendar_object_id.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/codec/ascii.h"
#include "core/codec/little_endian.h"

namespace mapistore::conversion {
namespace {

/// Where in the structure the date of the instance and the count of the data's bytes stand.
constexpr std::size_t date_offset = 16;
constexpr std::size_t size_offset = 36;
constexpr std::size_t data_offset = 40;

constexpr std::string_view class_id{"\x04\x00\x00\x00\x82\x00\xE0\x00\x74\xC5\xB7\x10\x1A\x82\xE0\x08", 16};
constexpr std::string_view foreign_mark{"vCal-Uid\x01\x00\x00\x00", 12};

std::string_view text_of(const Binary& bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The bytes that `digits` write, if they are a whole structure.
std::optional<Binary> bytes_of_digits(std::string_view digits) {
  if (digits.size() < 2 * data_offset || digits.size() % 2 != 0) return std::nullopt;
  Binary bytes;
  bytes.reserve(digits.size() / 2);
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = codec::hex_value(digits[i]);
    const int low = codec::hex_value(digits[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<std::byte>(high * 16 + low));
  }
  if (!text_of(bytes).starts_with(class_id)) return std::nullopt;
  return bytes;
}

Binary foreign_id(std::string_view uid) {
  codec::LittleEndianWriter out;
  out.put_text(class_id);
  for (std::size_t i = class_id.size(); i < size_offset; ++i) out.put(std::uint8_t{0});
  out.put(static_cast<std::uint32_t>(foreign_mark.size() + uid.size() + 1));
  out.put_text(foreign_mark);
  out.put_text(uid);
  out.put(std::uint8_t{0});
  return std::move(out).take();
}

void set_instance(Binary& id, std::optional<InstanceDate> instance) {
  const unsigned year = instance ? static_cast<unsigned>(static_cast<int>(instance->year())) : 0;
  id[date_offset] = static_cast<std::byte>(year >> 8);
  id[date_offset + 1] = static_cast<std::byte>(year & 0xff);
  id[date_offset + 2] = static_cast<std::byte>(instance ? static_cast<unsigned>(instance->month()) : 0);
  id[date_offset + 3] = static_cast<std::byte>(instance ? static_cast<unsigned>(instance->day()) : 0);
}

}  // namespace

Binary global_object_id(std::string_view uid, std::optional<InstanceDate> instance) {
  std::optional<Binary> own = bytes_of_digits(uid);
  Binary id = own ? *std::move(own) : foreign_id(uid);
  set_instance(id, instance);
  return id;
}

std::string uid_of(const Binary& id) {
  if (id.size() < data_offset || !text_of(id).starts_with(class_id)) return {};
  std::string_view data = text_of(id).substr(data_offset);
  if (data.starts_with(foreign_mark)) {
    data.remove_prefix(foreign_mark.size());
    return std::string(data.substr(0, data.find('\0')));
  }
  Binary clean = id;
  set_instance(clean, std::nullopt);
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string uid;
  uid.reserve(2 * clean.size());
  for (const std::byte byte : clean) {
    uid.push_back(digits[std::to_integer<unsigned>(byte) >> 4]);
    uid.push_back(digits[std::to_integer<unsigned>(byte) & 0xf]);
  }
  return uid;
}

}  // namespace mapistore::conversion
