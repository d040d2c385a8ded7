#include "core/side_store.h"

#include <algorithm>

#include "core/conversion/state_properties.h"
#include "core/properties/property_file.h"
#include "core/properties/property_names.h"
#include "core/properties/property_values.h"

namespace mapistore {

namespace {

/// A list that bytes cannot tell is held whole; beyond this it is refused.
constexpr std::size_t largest_list = 64 * 1024 * 1024;

class BoundedText final : public TextSink {
 public:
  Result<> write(std::string_view text) override {
    if (text_.size() + text.size() > largest_list)
      return fail(Errc::too_large, "side store", "would have to hold more than 64 MiB for one message");
    text_.append(text);
    return {};
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::unexpected<Error> damaged(const SideProperty& row, const Error& error) {
  return fail(Errc::corrupted, "side store", row.part + " " + row.key + ": " + error.to_string());
}

/// A list, as a property file of nothing else.
Result<std::string> list_text(MessageObject list) {
  BoundedText text;
  MAPISTORE_CHECK(write_property_file({.message_class = {}, .message = std::move(list), .read_only = {}}, text));
  return text.take();
}

Result<> put(MessageObject& message, const SideProperty& row) {
  if (row.part.empty()) {
    PropertyId id = MAPISTORE_TRY(parse_property_key(row.key));
    if (!row.value) {
      message.properties.erase(id);
      return {};
    }
    PropertyValue value = MAPISTORE_TRY(parse_property_value(type_of(id), *row.value));
    message.properties.set(std::move(id), std::move(value));
    return {};
  }
  if (row.part != recipients_part && row.part != attachments_part) return {};
  PropertyFile list = MAPISTORE_TRY(read_property_file(SharedBytes::of(row.value.value_or(std::string{}))));
  if (row.part == recipients_part) message.recipients = std::move(list.message.recipients);
  if (row.part == attachments_part) message.attachments = std::move(list.message.attachments);
  return {};
}

/// Whether `told` has all that was wanted of one object, and nothing that was taken from it. What a reader adds by
/// itself is no difference.
bool satisfies(const PropertyBag& told, const PropertyBag& wanted, const PropertyBag* shown) {
  const auto is_told = [&](const Property& property) {
    if (is_computed(property.id)) return true;
    const Property* found = told.find(property.id);
    return found != nullptr && *found == property;
  };
  if (!std::ranges::all_of(wanted, is_told)) return false;
  return shown == nullptr || std::ranges::all_of(*shown, [&](const Property& property) {
           return is_computed(property.id) || wanted.contains(property.id) || !told.contains(property.id);
         });
}

bool satisfies(const MessageObject& told, const MessageObject& wanted);

bool satisfies(const Attachment& told, const Attachment& wanted, const Attachment* shown) {
  if (!satisfies(told.properties, wanted.properties, shown == nullptr ? nullptr : &shown->properties)) return false;
  if (told.embedded == nullptr || wanted.embedded == nullptr) return told.embedded == wanted.embedded;
  return satisfies(*told.embedded, *wanted.embedded);
}

/// `shown` is compared element by element only while it is as long: else there is no telling which was which.
template <class Element, class Compare>
bool all_satisfied(const std::vector<Element>& told, const std::vector<Element>& wanted,
                   const std::type_identity_t<std::vector<Element>>* shown, const Compare& compare) {
  if (told.size() != wanted.size()) return false;
  if (shown != nullptr && shown->size() != wanted.size()) shown = nullptr;
  for (std::size_t at = 0; at < told.size(); ++at)
    if (!compare(told[at], wanted[at], shown == nullptr ? nullptr : &(*shown)[at])) return false;
  return true;
}

constexpr auto compare_recipients = [](const PropertyBag& told, const PropertyBag& wanted, const PropertyBag* shown) {
  return satisfies(told, wanted, shown);
};
constexpr auto compare_attachments = [](const Attachment& told, const Attachment& wanted, const Attachment* shown) {
  return satisfies(told, wanted, shown);
};

bool satisfies(const MessageObject& told, const MessageObject& wanted) {
  return satisfies(told.properties, wanted.properties, nullptr) &&
         all_satisfied(told.recipients, wanted.recipients, nullptr, compare_recipients) &&
         all_satisfied(told.attachments, wanted.attachments, nullptr, compare_attachments);
}

void set_row(SideProperties& rows, SideProperty row) {
  std::erase_if(rows, [&](const SideProperty& old) { return old.part == row.part && old.key == row.key; });
  rows.push_back(std::move(row));
}

void drop_row(SideProperties& rows, std::string_view part, std::string_view key) {
  std::erase_if(rows, [&](const SideProperty& old) { return old.part == part && old.key == key; });
}

/// The row of one property that the user changed.
Result<> note_change(SideProperties& rows, const PropertyId& id, const Property* wanted, const Property* derived) {
  const std::string key = property_key(id);
  // The type is part of a key: what was there under another one goes.
  const auto same = [&](const SideProperty& row) {
    const auto old = parse_property_key(row.key);
    return row.part.empty() && old && same_identity(*old, id);
  };
  std::erase_if(rows, same);
  if (wanted == nullptr && derived != nullptr)
    rows.push_back({.part = {}, .key = key, .value = std::nullopt});
  else if (wanted != nullptr && (derived == nullptr || *derived != *wanted))
    rows.push_back({.part = {}, .key = key, .value = MAPISTORE_TRY(property_value_text(*wanted))});
  return {};
}

}  // namespace

Result<MessageObject> overlay(MessageObject derived, const SideProperties& side) {
  for (const SideProperty& row : side)
    if (const auto done = put(derived, row); !done) return damaged(row, done.error());
  return derived;
}

void report_side(const SideProperties& side, LossReport& losses) {
  for (const SideProperty& row : side) {
    const bool is_list = row.part == recipients_part || row.part == attachments_part;
    if (!row.part.empty() && !is_list) continue;
    losses.add(is_list ? row.part : row.key, Fidelity::exact,
               row.value ? "kept beside the message's bytes, which have no place for it"
                         : "taken away beside the message's bytes, which still tell it");
  }
}

Result<SideProperties> difference(const SideProperties& side, const MessageObject& shown, const MessageObject& wanted,
                                  const MessageObject& derived,
                                  const std::function<bool(const PropertyId&)>& concerns) {
  SideProperties rows = side;
  for (const Property& property : wanted.properties) {
    const Property* before = shown.properties.find(property.id);
    if (!concerns(property.id) || (before != nullptr && *before == property)) continue;
    MAPISTORE_CHECK(note_change(rows, property.id, &property, derived.properties.find(property.id)));
  }
  for (const Property& property : shown.properties)
    if (concerns(property.id) && !wanted.properties.contains(property.id))
      MAPISTORE_CHECK(note_change(rows, property.id, nullptr, derived.properties.find(property.id)));

  if (wanted.recipients != shown.recipients) {
    drop_row(rows, recipients_part, {});
    if (!all_satisfied(derived.recipients, wanted.recipients, &shown.recipients, compare_recipients))
      set_row(rows, {std::string(recipients_part),
                     {},
                     MAPISTORE_TRY(list_text({.properties = {}, .recipients = wanted.recipients, .attachments = {}}))});
  }
  if (wanted.attachments != shown.attachments) {
    drop_row(rows, attachments_part, {});
    if (!all_satisfied(derived.attachments, wanted.attachments, &shown.attachments, compare_attachments))
      set_row(rows,
              {std::string(attachments_part),
               {},
               MAPISTORE_TRY(list_text({.properties = {}, .recipients = {}, .attachments = wanted.attachments}))});
  }
  std::ranges::sort(rows);
  return rows;
}

SideProperties settled(SideProperties side) {
  std::erase_if(side, [](const SideProperty& row) { return !row.part.empty() || !row.value; });
  return side;
}

}  // namespace mapistore
