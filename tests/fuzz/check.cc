#include "tests/fuzz/check.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <utility>
#include <variant>

#include "core/codec/utf8.h"

namespace mapistore::fuzz {
namespace {

constexpr std::uint64_t largest_content = 64 << 20;

PropertyType type_of(const PropertyId& id) {
  const auto* tag = std::get_if<PropertyTag>(&id);
  return tag != nullptr ? tag->type() : std::get<PropertyName>(id).type;
}

template <class... Types>
bool holds_one_of(const PropertyValue& value) {
  return (std::holds_alternative<Types>(value) || ...);
}

bool is_of_single_type(const PropertyValue& value, PropertyType type) {
  switch (type) {
    case PropertyType::short_integer: return holds_one_of<std::int16_t>(value);
    case PropertyType::long_integer:
    case PropertyType::error: return holds_one_of<std::int32_t>(value);
    case PropertyType::floating: return holds_one_of<float>(value);
    case PropertyType::double_precision:
    case PropertyType::application_time: return holds_one_of<double>(value);
    case PropertyType::currency:
    case PropertyType::integer64: return holds_one_of<std::int64_t>(value);
    case PropertyType::boolean: return holds_one_of<bool, std::int16_t>(value);
    case PropertyType::string8: return holds_one_of<String8, LargeValue>(value);
    case PropertyType::unicode: return holds_one_of<std::string, LargeValue>(value);
    case PropertyType::system_time: return holds_one_of<SystemTime>(value);
    case PropertyType::guid: return holds_one_of<Guid>(value);
    case PropertyType::object: return holds_one_of<std::monostate, Binary, LargeValue>(value);
    case PropertyType::server_id:
    case PropertyType::restriction:
    case PropertyType::rule_actions: return holds_one_of<Binary>(value);
    case PropertyType::binary: return holds_one_of<Binary, LargeValue>(value);
    default: return false;
  }
}

bool is_of_multiple_type(const PropertyValue& value, PropertyType type) {
  switch (type) {
    case PropertyType::short_integer: return holds_one_of<std::vector<std::int16_t>>(value);
    case PropertyType::long_integer: return holds_one_of<std::vector<std::int32_t>>(value);
    case PropertyType::floating: return holds_one_of<std::vector<float>>(value);
    case PropertyType::double_precision:
    case PropertyType::application_time: return holds_one_of<std::vector<double>>(value);
    case PropertyType::currency:
    case PropertyType::integer64: return holds_one_of<std::vector<std::int64_t>>(value);
    case PropertyType::string8: return holds_one_of<std::vector<String8>>(value);
    case PropertyType::unicode: return holds_one_of<std::vector<std::string>>(value);
    case PropertyType::system_time: return holds_one_of<std::vector<SystemTime>>(value);
    case PropertyType::guid: return holds_one_of<std::vector<Guid>>(value);
    case PropertyType::binary: return holds_one_of<std::vector<Binary>>(value);
    default: return false;
  }
}

bool is_of_type(const PropertyValue& value, PropertyType type) {
  constexpr auto flag = std::to_underlying(PropertyType::multivalue);
  const auto raw = std::to_underlying(type);
  if ((raw & flag) == 0) return is_of_single_type(value, type);
  return is_of_multiple_type(value, static_cast<PropertyType>(raw & ~flag));
}

void check_content(const LargeValue& value, PropertyType type) {
  check(value.content != nullptr, "a large value is null");
  const auto size = value.content->size();
  check(size.has_value(), "a large value has no size");
  if (*size > largest_content) return;
  const auto bytes = value.content->text(largest_content);
  check(bytes.has_value(), "a large value cannot be read");
  check(bytes->size() == *size, "a large value has another size than it says");
  check(type != PropertyType::unicode || is_wtf8(*bytes), "a large text is not UTF-8");
}

void check_property(const Property& property) {
  const PropertyType type = type_of(property.id);
  const auto* tag = std::get_if<PropertyTag>(&property.id);
  check(tag == nullptr || !tag->is_named(), "a mapped id left its store");
  check(is_of_type(property.value, type), "a value is not of its type");
  if (const auto* text = std::get_if<std::string>(&property.value)) check(is_wtf8(*text), "a text is not UTF-8");
  if (const auto* texts = std::get_if<std::vector<std::string>>(&property.value)) {
    check(std::ranges::all_of(*texts, is_wtf8), "a text of several is not UTF-8");
  }
  if (const auto* large = std::get_if<LargeValue>(&property.value)) check_content(*large, type);
}

void check_bag(const PropertyBag& bag) {
  for (const Property& property : bag) {
    check(bag.find(property.id) == &property, "a bag does not find what it holds");
    check_property(property);
  }
}

}  // namespace

void check(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

bool is_within(std::string_view part, std::string_view whole) noexcept {
  constexpr std::less_equal<const char*> at_most;
  return part.empty() ||
         (at_most(whole.data(), part.data()) && at_most(part.data() + part.size(), whole.data() + whole.size()));
}

bool is_wtf8(std::string_view text) noexcept {
  while (true) {
    text.remove_prefix(codec::valid_utf8_prefix(text));
    if (text.empty()) return true;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (text.size() < 3 || byte(0) != 0xed || (byte(1) & 0xe0) != 0xa0 || (byte(2) & 0xc0) != 0x80) return false;
    text.remove_prefix(3);
  }
}

void check_message(const MessageObject& message) {
  check_bag(message.properties);
  for (const PropertyBag& recipient : message.recipients) check_bag(recipient);
  for (const Attachment& attachment : message.attachments) {
    check_bag(attachment.properties);
    if (attachment.embedded != nullptr) check_message(*attachment.embedded);
  }
}

void check_losses(const LossReport& losses) {
  check(losses.losses().size() <= 1001, "a report of losses has no end");
  const std::string text = losses.text();
  check(std::ranges::count(text, '\n') >= static_cast<std::ptrdiff_t>(losses.losses().size()), "a loss has no line");
}

}  // namespace mapistore::fuzz
