#include <array>
#include <bit>
#include <charconv>
#include <cmath>

#include "core/codec/utf8.h"
#include "core/properties/guid_text.h"
#include "core/properties/json_output.h"
#include "core/properties/property_names.h"
#include "core/properties/property_values.h"
#include "core/properties/time_text.h"

namespace mapistore {
namespace {

constexpr std::uint32_t ascii_code_page = 20127;
constexpr std::size_t largest_text = 64 * 1024 * 1024;

template <class... Ts>
bool holds(const PropertyValue& value) noexcept {
  return (std::holds_alternative<Ts>(value) || ...);
}

/// A truth value that is neither 0 nor 1.
bool is_odd_truth(const PropertyValue& value) noexcept {
  const auto* raw = std::get_if<std::int16_t>(&value);
  return raw != nullptr && *raw != 0 && *raw != 1;
}

bool fits_one(PropertyType type, const PropertyValue& value) noexcept {
  using enum PropertyType;
  switch (type) {
    case short_integer: return holds<std::int16_t>(value);
    case long_integer:
    case error: return holds<std::int32_t>(value);
    case floating: return holds<float>(value);
    case double_precision:
    case application_time: return holds<double>(value);
    case currency:
    case integer64: return holds<std::int64_t>(value);
    case boolean: return holds<bool>(value) || is_odd_truth(value);
    case string8: return holds<String8, LargeValue>(value);
    case unicode: return holds<std::string, LargeValue>(value);
    case system_time: return holds<SystemTime>(value);
    case PropertyType::guid: return holds<Guid>(value);
    case object:
    case server_id:
    case restriction:
    case rule_actions:
    case binary: return holds<Binary, LargeValue>(value);
    case unspecified:
    case multivalue: break;
  }
  return false;
}

bool fits_many(PropertyType element, const PropertyValue& value) noexcept {
  using enum PropertyType;
  switch (element) {
    case short_integer: return holds<std::vector<std::int16_t>>(value);
    case long_integer: return holds<std::vector<std::int32_t>>(value);
    case floating: return holds<std::vector<float>>(value);
    case double_precision:
    case application_time: return holds<std::vector<double>>(value);
    case currency:
    case integer64: return holds<std::vector<std::int64_t>>(value);
    case string8: return holds<std::vector<String8>>(value);
    case unicode: return holds<std::vector<std::string>>(value);
    case system_time: return holds<std::vector<SystemTime>>(value);
    case PropertyType::guid: return holds<std::vector<Guid>>(value);
    case binary: return holds<std::vector<Binary>>(value);
    default: return false;
  }
}

bool fits(PropertyType type, const PropertyValue& value) noexcept {
  constexpr auto many = std::to_underlying(PropertyType::multivalue);
  const auto raw = std::to_underlying(type);
  return (raw & many) != 0 ? fits_many(static_cast<PropertyType>(raw & ~many), value) : fits_one(type, value);
}

/// `bits` as all its hexadecimal digits.
std::string bits_text(std::uint64_t bits, std::size_t digits) {
  constexpr std::string_view alphabet = "0123456789abcdef";
  std::string text = R"({"bits":")";
  for (std::size_t digit = digits; digit-- > 0;) text += alphabet[bits >> (4 * digit) & 0xf];
  return text += R"("})";
}

template <class Number>
std::string number_text(Number number) {
  std::array<char, 32> digits;
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr};
}

Result<bool> is_ascii(const Content& content) {
  const auto reader = content.reader();
  std::array<std::byte, 16 * 1024> bytes;
  while (true) {
    const std::size_t count = MAPISTORE_TRY(reader->read(bytes));
    if (count == 0) return true;
    if (!codec::is_all_ascii({reinterpret_cast<const char*>(bytes.data()), count})) return false;
  }
}

class ValueWriter {
 public:
  ValueWriter(JsonOutput& out, PropertyType type, std::uint32_t code_page)
      : out_{out}, type_{type}, code_page_{code_page} {}

  Result<> operator()(std::monostate) const { return {}; }  // fits no type
  Result<> operator()(bool value) const { return out_.text(value ? "true" : "false"); }
  Result<> operator()(std::int16_t value) const {
    if (type_ != PropertyType::boolean) return out_.text(number_text(value));
    return out_.text(R"({"raw":)" + number_text(static_cast<std::uint16_t>(value)) + "}");
  }
  Result<> operator()(std::int32_t value) const {
    if (type_ != PropertyType::error) return out_.text(number_text(value));
    return out_.text(R"({"err":")" + hex_text(static_cast<std::uint32_t>(value), 8) + R"("})");
  }
  Result<> operator()(std::int64_t value) const { return out_.text('"' + number_text(value) + '"'); }
  Result<> operator()(float value) const {
    return out_.text(std::isfinite(value) ? number_text(value) : bits_text(std::bit_cast<std::uint32_t>(value), 8));
  }
  Result<> operator()(double value) const {
    return out_.text(std::isfinite(value) ? number_text(value) : bits_text(std::bit_cast<std::uint64_t>(value), 16));
  }
  Result<> operator()(const std::string& value) const { return out_.string(value); }
  Result<> operator()(const String8& value) const {
    const bool is_text = codec::is_all_ascii(value.bytes);
    MAPISTORE_CHECK(begin_string8(is_text));
    MAPISTORE_CHECK(is_text ? out_.string(value.bytes) : out_.base64(std::as_bytes(std::span(value.bytes))));
    return out_.text("}");
  }
  Result<> operator()(SystemTime value) const {
    if (const auto text = time_text(value)) return out_.text('"' + *text + '"');
    return out_.text(R"({"ft":")" + number_text(value.ticks) + R"("})");
  }
  Result<> operator()(const Guid& value) const { return out_.text('"' + guid_text(value) + '"'); }
  Result<> operator()(const Binary& value) const { return out_.base64(value); }
  Result<> operator()(const LargeValue& value) const {
    if (type_ == PropertyType::unicode) return out_.string(*value.content);
    if (type_ != PropertyType::string8) return out_.base64(*value.content);
    const bool is_text = MAPISTORE_TRY(is_ascii(*value.content));
    MAPISTORE_CHECK(begin_string8(is_text));
    MAPISTORE_CHECK(is_text ? out_.string(*value.content) : out_.base64(*value.content));
    return out_.text("}");
  }
  template <class Element>
  Result<> operator()(const std::vector<Element>& values) const {
    std::string_view before = "[";
    for (const auto& value : values) {
      MAPISTORE_CHECK(out_.text(before));
      MAPISTORE_CHECK((*this)(value));
      before = ",";
    }
    return out_.text(values.empty() ? "[]" : "]");
  }

 private:
  /// Without a table of characters that is the same on every machine, only ASCII is told as text.
  Result<> begin_string8(bool is_text) const {
    return out_.text(R"({"cp":)" + number_text(is_text ? ascii_code_page : code_page_) +
                     (is_text ? R"(,"s":)" : R"(,"b64":)"));
  }

  JsonOutput& out_;
  PropertyType type_;
  std::uint32_t code_page_;
};

class HeldText final : public TextSink {
 public:
  Result<> write(std::string_view piece) override {
    if (text_.size() + piece.size() > largest_text) return fail(Errc::too_large, {}, "has more than 64 MiB of text");
    text_ += piece;
    return {};
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace

Result<> write_property_value(JsonOutput& out, PropertyType type, const PropertyValue& value, std::uint32_t code_page) {
  if (!fits(type, value)) return fail(Errc::invalid_argument, type_text(type), "is not the type of the value");
  return std::visit(ValueWriter(out, type, code_page), value);
}

Result<std::string> property_value_text(const Property& property) {
  HeldText text;
  JsonOutput out(text);
  MAPISTORE_CHECK(write_property_value(out, type_of(property.id), property.value, 0));
  MAPISTORE_CHECK(out.finish());
  return text.take();
}

}  // namespace mapistore
