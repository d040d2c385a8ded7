#include <bit>
#include <charconv>

#include "core/codec/ascii.h"
#include "core/codec/utf8.h"
#include "core/properties/guid_text.h"
#include "core/properties/json_input.h"
#include "core/properties/limits.h"
#include "core/properties/property_names.h"
#include "core/properties/property_values.h"
#include "core/properties/time_text.h"

namespace mapistore {
namespace {

constexpr std::uint32_t utf8_code_page = 65001;

/// `-?(0|[1-9][0-9]*)`, and how much of `text` that is.
std::size_t integer_prefix(std::string_view text) noexcept {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const std::size_t first = at;
  while (at < text.size() && codec::is_digit(text[at])) ++at;
  if (at == first) return 0;
  return text[first] == '0' ? first + 1 : at;
}

/// Whether `text` is a number of JSON.
bool is_number(std::string_view text) noexcept {
  const auto digits = [&](std::size_t at) {
    const std::size_t first = at;
    while (at < text.size() && codec::is_digit(text[at])) ++at;
    return at - first;
  };
  std::size_t at = integer_prefix(text);
  if (at == 0) return false;
  if (at < text.size() && text[at] == '.') {
    const std::size_t count = digits(at + 1);
    if (count == 0) return false;
    at += 1 + count;
  }
  if (at < text.size() && codec::lower(text[at]) == 'e') {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const std::size_t count = digits(at);
    if (count == 0) return false;
    at += count;
  }
  return at == text.size();
}

template <class Integer>
std::optional<Integer> parse_integer(std::string_view text) noexcept {
  Integer value{};
  if (text.empty() || integer_prefix(text) != text.size()) return std::nullopt;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

std::optional<std::uint64_t> parse_bits(std::string_view text) noexcept {
  std::uint64_t bits = 0;
  for (const char c : text) {
    if (codec::hex_value(c) < 0) return std::nullopt;
    bits = bits << 4 | static_cast<std::uint64_t>(codec::hex_value(c));
  }
  return bits;
}

class ValueReader {
 public:
  explicit ValueReader(JsonInput& input) : input_{input}, start_{input.offset()} {}

  Result<PropertyValue> read(PropertyType type) {
    constexpr auto many = std::to_underlying(PropertyType::multivalue);
    const auto raw = std::to_underlying(type);
    if (type_name(type).empty()) return input_.error(start_, "has a type that has no values");
    return (raw & many) != 0 ? read_many(static_cast<PropertyType>(raw & ~many)) : read_one(type);
  }

 private:
  Result<PropertyValue> read_one(PropertyType type) {
    using enum PropertyType;
    switch (type) {
      case short_integer: return integer<std::int16_t>();
      case long_integer: return integer<std::int32_t>();
      case floating: return real<float, std::uint32_t>();
      case double_precision:
      case application_time: return real<double, std::uint64_t>();
      case currency:
      case integer64: return long_integer_text();
      case error: return error_code();
      case boolean: return truth();
      case string8: return string8_value();
      case unicode: return large_or_text();
      case system_time: return time();
      case PropertyType::guid: return guid_value();
      default: return large_or_binary();
    }
  }

  Result<PropertyValue> read_many(PropertyType element) {
    using enum PropertyType;
    switch (element) {
      case short_integer: return elements<std::int16_t>([this] { return integer<std::int16_t>(); });
      case long_integer: return elements<std::int32_t>([this] { return integer<std::int32_t>(); });
      case floating: return elements<float>([this] { return real<float, std::uint32_t>(); });
      case double_precision:
      case application_time: return elements<double>([this] { return real<double, std::uint64_t>(); });
      case currency:
      case integer64: return elements<std::int64_t>([this] { return long_integer_text(); });
      case string8: return elements<String8>([this] { return string8_held(); });
      case unicode: return elements<std::string>([this] { return text(); });
      case system_time: return elements<SystemTime>([this] { return time(); });
      case PropertyType::guid: return elements<Guid>([this] { return guid_value(); });
      default: return elements<Binary>([this] { return binary_held(); });
    }
  }

  template <class Element, class Read>
  Result<PropertyValue> elements(const Read& read) {
    std::vector<Element> values;
    MAPISTORE_CHECK(input_.array([&]() -> Result<> {
      start_ = input_.offset();
      values.push_back(MAPISTORE_TRY(read()));
      return {};
    }));
    return values;
  }

  std::unexpected<Error> wrong(std::string_view expected) const {
    return input_.error(start_, "expected " + std::string(expected));
  }

  template <class Integer>
  Result<Integer> integer() {
    const auto value = parse_integer<Integer>(input_.word());
    if (!value) return wrong("a whole number of " + std::to_string(8 * sizeof(Integer)) + " bits");
    return *value;
  }

  template <class Real, class Bits>
  Result<Real> real() {
    if (input_.peek() == '{') {
      const std::string text = MAPISTORE_TRY(only_member("bits"));
      const auto bits = parse_bits(text);
      if (!bits || text.size() != 2 * sizeof(Bits))
        return wrong(std::to_string(2 * sizeof(Bits)) + " hexadecimal digits");
      return std::bit_cast<Real>(static_cast<Bits>(*bits));
    }
    const std::string_view word = input_.word();
    Real value{};
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), value);
    if (!is_number(word) || parsed.ec != std::errc{}) return wrong("a number in the range of its type");
    return value;
  }

  Result<std::int64_t> long_integer_text() {
    const auto value = parse_integer<std::int64_t>(MAPISTORE_TRY(text()));
    if (!value) return wrong("a whole number of 64 bits in quotes");
    return *value;
  }

  Result<std::int32_t> error_code() {
    const auto number = parse_hex(MAPISTORE_TRY(only_member("err")));
    if (!number) return wrong("an error such as 0x8004010f");
    return static_cast<std::int32_t>(*number);
  }

  Result<PropertyValue> truth() {
    if (input_.peek() == '{') return odd_truth();
    const std::string_view word = input_.word();
    if (word != "true" && word != "false") return wrong("true or false");
    return word == "true";
  }

  Result<PropertyValue> odd_truth() {
    std::optional<std::uint16_t> raw;
    MAPISTORE_CHECK(input_.object([&](const std::string& member, std::size_t where) -> Result<> {
      if (member != "raw" || raw) return input_.error(where, "expected only raw");
      raw = parse_integer<std::uint16_t>(input_.word());
      if (!raw || *raw < 2) return input_.error(where, "expected a number from 2 to 65535");
      return {};
    }));
    if (!raw) return wrong("an object with raw");
    return std::bit_cast<std::int16_t>(*raw);
  }

  Result<SystemTime> time() {
    if (input_.peek() == '{') {
      const auto ticks = parse_integer<std::uint64_t>(MAPISTORE_TRY(only_member("ft")));
      if (!ticks) return wrong("a count of 100 ns since 1601 in quotes");
      return SystemTime{*ticks};
    }
    const auto parsed = parse_time_text(MAPISTORE_TRY(text()));
    if (!parsed) return wrong("a time such as 2024-03-05T09:00:00Z");
    return *parsed;
  }

  Result<Guid> guid_value() {
    const auto parsed = parse_guid(MAPISTORE_TRY(text()));
    if (!parsed) return wrong("a GUID in braces");
    return *parsed;
  }

  Result<JsonString> quoted() {
    if (input_.peek() != '"') return wrong("a string");
    return input_.string();
  }

  Result<std::string> text() { return decode(MAPISTORE_TRY(quoted())); }

  /// The string of an object with one member.
  Result<std::string> only_member(std::string_view name) {
    std::optional<std::string> value;
    if (input_.peek() != '{') return wrong("an object with " + std::string(name));
    MAPISTORE_CHECK(input_.object([&](const std::string& member, std::size_t where) -> Result<> {
      if (member != name || value) return input_.error(where, "expected only " + std::string(name));
      value = MAPISTORE_TRY(text());
      return {};
    }));
    if (!value) return wrong("an object with " + std::string(name));
    return *std::move(value);
  }

  Result<PropertyValue> large_or_text() {
    const JsonString found = MAPISTORE_TRY(quoted());
    if (found.size > largest_held_value) return string_content(input_.text(), found);
    return decode(found);
  }

  Result<Binary> binary_of(const JsonString& found) const {
    auto bytes = decode_base64(found.has_escapes ? decode(found) : found.raw);
    if (!bytes) return wrong("base64");
    return *std::move(bytes);
  }

  Result<Binary> binary_held() { return binary_of(MAPISTORE_TRY(quoted())); }

  Result<PropertyValue> large_or_binary() {
    const JsonString found = MAPISTORE_TRY(quoted());
    if (found.size / 4 * 3 <= largest_held_value + 2) {
      Binary bytes = MAPISTORE_TRY(binary_of(found));
      if (bytes.size() <= largest_held_value) return bytes;
    }
    auto content = base64_content(string_content(input_.text(), found));
    if (!content) return wrong("base64");
    return *std::move(content);
  }

  struct String8Parts {
    std::optional<std::uint32_t> code_page;
    std::optional<JsonString> text, base64;
  };

  Result<String8Parts> string8_parts() {
    String8Parts parts;
    if (input_.peek() != '{') return wrong("an object with cp and s or b64");
    MAPISTORE_CHECK(input_.object([&](const std::string& member, std::size_t where) -> Result<> {
      if (member == "cp" && !parts.code_page) {
        parts.code_page = parse_integer<std::uint32_t>(input_.word());
        if (!parts.code_page) return input_.error(where, "expected the number of a code page");
        return {};
      }
      auto& part = member == "s" ? parts.text : parts.base64;
      if ((member != "s" && member != "b64") || part) return input_.error(where, "expected cp once, and s or b64");
      part = MAPISTORE_TRY(quoted());
      return {};
    }));
    if (!parts.code_page || parts.text.has_value() == parts.base64.has_value())
      return wrong("an object with cp and s or b64");
    if (parts.text && parts.code_page != utf8_code_page && !is_ascii(*parts.text))
      return input_.error(start_, "has characters outside ASCII", "give the bytes as b64");
    return parts;
  }

  static bool is_ascii(const JsonString& string) {
    if (!string.has_escapes) return codec::is_all_ascii(string.raw);
    return codec::is_all_ascii(decode(string));
  }

  Result<String8> string8_held() {
    const String8Parts parts = MAPISTORE_TRY(string8_parts());
    if (parts.text) return String8{decode(*parts.text)};
    const Binary bytes = MAPISTORE_TRY(binary_of(*parts.base64));
    return String8{std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())};
  }

  Result<PropertyValue> string8_value() {
    const String8Parts parts = MAPISTORE_TRY(string8_parts());
    const JsonString& found = parts.text ? *parts.text : *parts.base64;
    LargeValue content = string_content(input_.text(), found);
    if (!parts.text) {
      auto decoded = base64_content(std::move(content));
      if (!decoded) return wrong("base64");
      content = *std::move(decoded);
    }
    if (MAPISTORE_TRY(content.content->size()) > largest_held_value) return content;
    return String8{MAPISTORE_TRY(content.content->text(largest_held_value))};
  }

  JsonInput& input_;
  std::size_t start_;
};

}  // namespace

Result<PropertyValue> read_property_value(JsonInput& input, PropertyType type) { return ValueReader(input).read(type); }

Result<PropertyValue> parse_property_value(PropertyType type, std::string_view text) {
  JsonInput input(SharedBytes::of(std::string(text)));
  input.set_subject(type_text(type));
  PropertyValue value = MAPISTORE_TRY(read_property_value(input, type));
  MAPISTORE_CHECK(input.expect_end());
  return value;
}

}  // namespace mapistore
