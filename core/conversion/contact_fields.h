#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/message_object.h>

#include "core/conversion/loss.h"
#include "core/conversion/mail_values.h"

namespace mapistore::conversion {

// Where the fields of a vCard live among the properties (docs of conversion, 2.3), for reading and writing alike.

enum class CardVersion : std::uint8_t { v2_1, v3_0, v4_0 };

/// A field that is one text.
struct TextField {
  std::span<const std::string_view> names;  ///< the first is written, all are read
  PropertyId property;
  bool uri = false;  ///< a URI is not escaped as text is
};

std::span<const TextField> text_fields();

/// A field structured by semicolons: what each component is; nothing: no property.
struct StructuredField {
  std::string_view key;   ///< names the field among all: "N", "ADR home"
  std::string_view name;  ///< "ADR"
  std::string_view type;  ///< "HOME"; empty: none
  std::vector<std::optional<PropertyId>> components;
};

/// N and ORG.
std::span<const StructuredField> name_fields();
/// The three addresses in the order of PidLidPostalAddressId, which begins with 1.
std::span<const StructuredField> address_fields();
/// What of the three is also told as the mailing address, in the order of their components.
const std::vector<std::optional<PropertyId>>& mailing_components();

/// Phones or web pages of one kind, told apart by their types.
struct TypedField {
  std::string_view key;
  std::string_view name;                ///< "TEL"
  std::vector<std::string_view> types;  ///< as written
  std::vector<PropertyId> properties;   ///< for the first, the second, ...
};

std::span<const TypedField> phone_fields();
std::span<const TypedField> page_fields();

struct EmailField {
  PropertyId display_name, address_type, address, original_display_name, original_entry_id;
};

std::span<const EmailField> email_fields();

/// A date: what the store calls it, and its twin that has no zone.
struct DateField {
  std::span<const std::string_view> names;  ///< the first is written in vCard 4.0, the second else, all are read
  PropertyId property, local;
};

std::span<const DateField> date_fields();

/// UID has no property of Outlook's: this one is ours.
const PropertyId& card_uid();
/// PidLidContactUserField1 to 4.
std::span<const PropertyId> user_fields();

inline constexpr std::string_view distribution_list_class = "IPM.DistList";
inline constexpr std::string_view contact_class = "IPM.Contact";

/// A text of any size, or nothing if there is none or an empty one.
std::optional<std::string> text_property(const PropertyBag& bag, const PropertyId& id);
/// What a contact or list is called: its display name, else what its name, its company or its first address says.
std::string name_of_contact(const PropertyBag& bag);

}  // namespace mapistore::conversion
