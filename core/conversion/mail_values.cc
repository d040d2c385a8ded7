#include "core/conversion/mail_values.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <limits>

#include "core/codec/charset.h"
#include "core/conversion/convert.h"

namespace mapistore::conversion {
namespace {

constexpr std::uint64_t largest_header_value = 4 * 1024 * 1024;

std::optional<std::string> large(const PropertyBag& bag, const PropertyId& id) {
  const auto* value = bag.get<LargeValue>(id);
  if (value == nullptr) return std::nullopt;
  auto text = value->content->text(largest_header_value);
  if (!text) return std::nullopt;
  return *std::move(text);
}

}  // namespace

void set_text(PropertyBag& bag, const PropertyId& id, std::string text) {
  if (text.size() > largest_held_value)
    bag.set(id, held_content(std::move(text)));
  else
    bag.set(id, std::move(text));
}

void set_bytes(PropertyBag& bag, const PropertyId& id, std::string_view bytes) {
  if (bytes.size() > largest_held_value) return bag.set(id, held_content(std::string(bytes)));
  const auto* data = reinterpret_cast<const std::byte*>(bytes.data());
  bag.set(id, Binary(data, data + bytes.size()));
}

std::optional<std::string> held_text(const PropertyBag& bag, const PropertyId& id) {
  if (const auto* text = bag.get<std::string>(id)) return *text;
  if (const auto* text = bag.get<String8>(id)) {
    std::string decoded;
    codec::append_undeclared(decoded, text->bytes);
    return decoded;
  }
  return large(bag, id);
}

std::string text_or_empty(const PropertyBag& bag, const PropertyId& id) {
  return held_text(bag, id).value_or(std::string{});
}

std::optional<std::string> held_bytes(const PropertyBag& bag, const PropertyId& id) {
  if (const auto* bytes = bag.get<Binary>(id))
    return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  return large(bag, id);
}

std::optional<std::int32_t> held_number(const PropertyBag& bag, const PropertyId& id) {
  const auto* number = bag.get<std::int32_t>(id);
  return number == nullptr ? std::nullopt : std::optional(*number);
}

bool is_true(const PropertyBag& bag, const PropertyId& id) {
  if (const auto* truth = bag.get<bool>(id)) return *truth;
  const auto* odd = bag.get<std::int16_t>(id);
  return odd != nullptr && *odd != 0;
}

std::string mail_date(Time time) {
  using namespace std::chrono;
  static constexpr std::array days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = floor<std::chrono::days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<seconds>(time - day)};
  std::array<char, 64> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d +0000", days[weekday{day}.c_encoding()],
                    static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                    static_cast<int>(date.year()), static_cast<int>(clock.hours().count()),
                    static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace mapistore::conversion
