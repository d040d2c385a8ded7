#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <mapistore/property.h>

namespace mapistore {

/// RelOp; the numbers are those of MS-OXCDATA 2.12.
enum class Relation : std::uint8_t {
  less = 0,
  less_or_equal = 1,
  greater = 2,
  greater_or_equal = 3,
  equal = 4,
  not_equal = 5
};

/// A condition that a message meets or does not: what a search asks for (MS-OXCDATA 2.12). A value type.
struct Restriction {
  enum class Kind : std::uint8_t {
    conjunction,  ///< all of `parts`; without parts: every message
    disjunction,  ///< one of `parts`
    negation,     ///< not `parts[0]`
    content,      ///< a text of `property` holds `text`, whatever the case of letters; multivalues: one of them
    any_text,     ///< some text of the message, its recipients or its attachments' names holds `text`, as above
    comparison,   ///< `property` stands in `relation` to `value`, which is of its type; false without the property
    bits,         ///< `property`, a number, has one of the bits of `value`
    existence,    ///< the message has `property`
    recipient,    ///< `parts[0]` holds of one of the recipients (a sub-object restriction)
  };

  Kind kind = Kind::conjunction;
  std::vector<Restriction> parts{};
  PropertyId property = PropertyTag{0, PropertyType::unspecified};
  std::string text{};  ///< UTF-8
  Relation relation = Relation::equal;
  PropertyValue value{};

  static Restriction all_of(std::vector<Restriction> parts) {
    return {.kind = Kind::conjunction, .parts = std::move(parts)};
  }
  static Restriction any_of(std::vector<Restriction> parts) {
    return {.kind = Kind::disjunction, .parts = std::move(parts)};
  }
  static Restriction none_of(Restriction part) { return {.kind = Kind::negation, .parts = {std::move(part)}}; }
  static Restriction contains(PropertyId property, std::string text) {
    return {.kind = Kind::content, .property = std::move(property), .text = std::move(text)};
  }
  static Restriction mentions(std::string text) { return {.kind = Kind::any_text, .text = std::move(text)}; }
  static Restriction compare(PropertyId property, Relation relation, PropertyValue value) {
    return {.kind = Kind::comparison, .property = std::move(property), .relation = relation, .value = std::move(value)};
  }
  static Restriction has_bits(PropertyId property, std::int32_t bits) {
    return {.kind = Kind::bits, .property = std::move(property), .value = bits};
  }
  static Restriction exists(PropertyId property) { return {.kind = Kind::existence, .property = std::move(property)}; }
  static Restriction recipient(Restriction part) { return {.kind = Kind::recipient, .parts = {std::move(part)}}; }
};

}  // namespace mapistore
