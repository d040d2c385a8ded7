#pragma once

#include <gtest/gtest.h>

#include "core/conversion/formats.h"
#include "core/conversion/mail_addresses.h"
#include "core/conversion/mail_values.h"
#include "core/properties/known_properties.h"
#include "core/properties/property_names.h"

namespace mapistore::conversion {

inline std::string bytes_of(const LargeValue& value) {
  auto text = value.content->text(1'000'000'000);
  EXPECT_TRUE(text.has_value());
  return text.value_or(std::string{});
}

inline ReadMessage read(std::string_view bytes) { return read_mail(SharedBytes::of(std::string(bytes))); }

inline std::string edited(std::string_view bytes, const MessageObject& current, const MessageObject& wanted,
                          EditRules rules = {}) {
  auto written = edit_mail(SharedBytes::of(std::string(bytes)), current, wanted, rules);
  EXPECT_TRUE(written.has_value()) << written.error().to_string();
  return written ? bytes_of(written->bytes) : std::string{};
}

inline std::string rendered(const MessageObject& message) {
  auto written = render_mail(message);
  EXPECT_TRUE(written.has_value()) << written.error().to_string();
  return written ? bytes_of(written->bytes) : std::string{};
}

/// A value of any type as text, to be shown.
inline std::string shown(const PropertyBag& bag, const PropertyId& id) {
  if (const auto text = held_text(bag, id)) return text->substr(0, 200);
  if (const auto bytes = held_bytes(bag, id)) return "bytes: " + bytes->substr(0, 200);
  if (const auto number = held_number(bag, id)) return std::to_string(*number);
  if (const auto* time = bag.get<SystemTime>(id)) return std::to_string(time->ticks);
  return bag.contains(id) ? "a value" : "none";
}

/// Expects the same of both but for the header block, which holds all of it and more.
inline void expect_same(const PropertyBag& expected, const PropertyBag& actual, const std::string& where) {
  for (const PropertyBag* bag : {&expected, &actual})
    for (const Property& property : *bag) {
      if (same_identity(property.id, tag::transport_message_headers)) continue;
      const Property* a = expected.find(property.id);
      const Property* b = actual.find(property.id);
      if (a == nullptr || b == nullptr || a->value != b->value)
        ADD_FAILURE() << where << " " << property_key(property.id) << ": expected " << shown(expected, property.id)
                      << ", is " << shown(actual, property.id);
    }
}

inline void expect_same(const MessageObject& expected, const MessageObject& actual, const std::string& where) {
  expect_same(expected.properties, actual.properties, where);
  ASSERT_EQ(expected.recipients.size(), actual.recipients.size()) << where;
  for (std::size_t i = 0; i < expected.recipients.size(); ++i)
    expect_same(expected.recipients[i], actual.recipients[i], where + " recipient " + std::to_string(i));
  ASSERT_EQ(expected.attachments.size(), actual.attachments.size()) << where;
  for (std::size_t i = 0; i < expected.attachments.size(); ++i) {
    const std::string place = where + " attachment " + std::to_string(i);
    expect_same(expected.attachments[i].properties, actual.attachments[i].properties, place);
    ASSERT_EQ(expected.attachments[i].embedded == nullptr, actual.attachments[i].embedded == nullptr) << place;
    if (expected.attachments[i].embedded != nullptr)
      expect_same(*expected.attachments[i].embedded, *actual.attachments[i].embedded, place);
  }
}

inline void set_subject(MessageObject& message, std::string_view prefix, std::string_view normalized) {
  message.properties.erase(tag::subject_prefix);
  if (!prefix.empty()) message.properties.set(tag::subject_prefix, std::string(prefix));
  message.properties.set(tag::normalized_subject, std::string(normalized));
  message.properties.set(tag::subject, std::string(prefix).append(normalized));
  if (message.properties.contains(lid::to_do_title)) message.properties.set(lid::to_do_title, std::string(normalized));
}

}  // namespace mapistore::conversion
