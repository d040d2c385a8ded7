#include "core/conversion/contact_fields.h"

#include <array>

#include "core/conversion/convert.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

using Names = std::span<const std::string_view>;

template <class... Texts>
constexpr auto names(Texts... texts) {
  return std::array<std::string_view, sizeof...(texts)>{texts...};
}

constexpr auto formatted_name = names("FN");
constexpr auto nickname = names("NICKNAME");
constexpr auto title = names("TITLE");
constexpr auto role = names("ROLE");
constexpr auto note = names("NOTE");
constexpr auto free_busy = names("FBURL");
constexpr auto uid = names("UID");
constexpr auto file_as = names("X-EVOLUTION-FILE-AS");
constexpr auto instant_messaging =
    names("IMPP", "X-MS-IMADDRESS", "X-JABBER", "X-AIM", "X-ICQ", "X-MSN", "X-YAHOO", "X-SKYPE", "X-SKYPE-USERNAME",
          "X-GTALK", "X-GOOGLE-TALK", "X-QQ", "X-GADUGADU", "X-GROUPWISE", "X-TWITTER");
constexpr auto spouse = names("X-MS-SPOUSE", "X-SPOUSE", "X-EVOLUTION-SPOUSE", "X-KADDRESSBOOK-X-SPOUSESNAME");
constexpr auto manager = names("X-MS-MANAGER", "X-MANAGER", "X-EVOLUTION-MANAGER", "X-KADDRESSBOOK-X-MANAGERSNAME");
constexpr auto assistant =
    names("X-MS-ASSISTANT", "X-ASSISTANT", "X-EVOLUTION-ASSISTANT", "X-KADDRESSBOOK-X-ASSISTANTSNAME");
constexpr auto hobbies = names("X-MS-INTERESTS", "HOBBY");
constexpr auto birthday = names("BDAY", "BDAY");
constexpr auto anniversary = names("ANNIVERSARY", "X-ANNIVERSARY", "X-MS-ANNIVERSARY", "X-EVOLUTION-ANNIVERSARY",
                                   "X-KADDRESSBOOK-X-ANNIVERSARY");

/// ADR: post office box; extended address; street; locality; region; postal code; country.
std::vector<std::optional<PropertyId>> address(PropertyId box, PropertyId street, PropertyId city, PropertyId region,
                                               PropertyId postal_code, PropertyId country) {
  return {box, std::nullopt, street, city, region, postal_code, country};
}

constexpr std::uint64_t largest_text = 64 * 1024 * 1024;

}  // namespace

std::span<const TextField> text_fields() {
  static const std::vector<TextField> fields{
      {formatted_name, tag::display_name},
      {nickname, tag::nickname},
      {title, tag::title},
      {role, tag::profession},
      {note, tag::body},
      {instant_messaging, lid::instant_messaging_address, true},
      {free_busy, lid::free_busy_location, true},
      {uid, card_uid(), true},
      {file_as, lid::file_under},
      {spouse, tag::spouse_name},
      {manager, tag::manager_name},
      {assistant, tag::assistant},
      {hobbies, tag::hobbies},
  };
  return fields;
}

std::span<const StructuredField> name_fields() {
  static const std::vector<StructuredField> fields{
      {"N", "N", "", {tag::surname, tag::given_name, tag::middle_name, tag::display_name_prefix, tag::generation}},
      {"ORG", "ORG", "", {tag::company_name, tag::department_name, tag::office_location}},
  };
  return fields;
}

std::span<const StructuredField> address_fields() {
  static const std::vector<StructuredField> fields{
      {"ADR home", "ADR", "HOME",
       address(tag::home_address_post_office_box, tag::home_address_street, tag::home_address_city,
               tag::home_address_state_or_province, tag::home_address_postal_code, tag::home_address_country)},
      {"ADR work", "ADR", "WORK",
       address(lid::work_address_post_office_box, lid::work_address_street, lid::work_address_city,
               lid::work_address_state, lid::work_address_postal_code, lid::work_address_country)},
      {"ADR other", "ADR", "",
       address(tag::other_address_post_office_box, tag::other_address_street, tag::other_address_city,
               tag::other_address_state_or_province, tag::other_address_postal_code, tag::other_address_country)},
  };
  return fields;
}

const std::vector<std::optional<PropertyId>>& mailing_components() {
  static const auto components = address(tag::post_office_box, tag::street_address, tag::locality,
                                         tag::state_or_province, tag::postal_code, tag::country);
  return components;
}

std::span<const TypedField> phone_fields() {
  // MS-OXVCARD puts the kinds that RFC 2426 has no type for into X-MS-TEL.
  static const std::vector<TypedField> fields{
      {"TEL work", "TEL", {"WORK", "VOICE"}, {tag::business_telephone_number, tag::business2_telephone_number}},
      {"TEL home", "TEL", {"HOME", "VOICE"}, {tag::home_telephone_number, tag::home2_telephone_number}},
      {"TEL cell", "TEL", {"CELL"}, {tag::mobile_telephone_number}},
      {"TEL pager", "TEL", {"PAGER"}, {tag::pager_telephone_number}},
      {"TEL car", "TEL", {"CAR"}, {tag::car_telephone_number}},
      {"TEL isdn", "TEL", {"ISDN"}, {tag::isdn_number}},
      {"TEL pref", "TEL", {"PREF"}, {tag::primary_telephone_number}},
      {"TEL voice", "TEL", {"VOICE"}, {tag::other_telephone_number}},
      {"TEL work fax", "TEL", {"WORK", "FAX"}, {tag::business_fax_number}},
      {"TEL home fax", "TEL", {"HOME", "FAX"}, {tag::home_fax_number}},
      {"TEL fax", "TEL", {"FAX"}, {tag::primary_fax_number}},
      {"TEL radio", "X-MS-TEL", {"RADIO"}, {tag::radio_telephone_number}},
      {"TEL tty", "X-MS-TEL", {"TTYTDD"}, {tag::telecommunications_device_for_deaf_telephone_number}},
      {"TEL assistant", "X-MS-TEL", {"ASSISTANT"}, {tag::assistant_telephone_number}},
      {"TEL callback", "X-MS-TEL", {"CALLBACK"}, {tag::callback_telephone_number}},
      {"TEL company", "X-MS-TEL", {"COMPANY"}, {tag::company_main_telephone_number}},
      {"TEL telex", "X-MS-TEL", {"TLX"}, {tag::telex_number}},
  };
  return fields;
}

std::span<const TypedField> page_fields() {
  static const std::vector<TypedField> fields{
      {"URL work", "URL", {"WORK"}, {tag::business_home_page}},
      {"URL home", "URL", {"HOME"}, {tag::personal_home_page}},
      {"URL", "URL", {}, {lid::html}},
  };
  return fields;
}

std::span<const EmailField> email_fields() {
  static const std::vector<EmailField> fields{
      {lid::email1_display_name, lid::email1_address_type, lid::email1_email_address, lid::email1_original_display_name,
       lid::email1_original_entry_id},
      {lid::email2_display_name, lid::email2_address_type, lid::email2_email_address, lid::email2_original_display_name,
       lid::email2_original_entry_id},
      {lid::email3_display_name, lid::email3_address_type, lid::email3_email_address, lid::email3_original_display_name,
       lid::email3_original_entry_id},
  };
  return fields;
}

std::span<const DateField> date_fields() {
  static const std::vector<DateField> fields{
      {birthday, tag::birthday, lid::birthday_local},
      {anniversary, tag::wedding_anniversary, lid::wedding_anniversary_local},
  };
  return fields;
}

const PropertyId& card_uid() {
  static const PropertyId id = PropertyName{property_set::ps_public_strings, "vcard-uid", PropertyType::unicode};
  return id;
}

std::span<const PropertyId> user_fields() {
  static const std::array<PropertyId, 4> fields{lid::contact_user_field1, lid::contact_user_field2,
                                                lid::contact_user_field3, lid::contact_user_field4};
  return fields;
}

std::optional<std::string> text_property(const PropertyBag& bag, const PropertyId& id) {
  const Property* property = bag.find(id);
  if (property == nullptr) return std::nullopt;
  std::string text;
  if (const auto* held = std::get_if<std::string>(&property->value)) {
    text = *held;
  } else if (const auto* large = std::get_if<LargeValue>(&property->value)) {
    if (auto read = large->content->text(largest_text)) text = *std::move(read);
  }
  return text.empty() ? std::nullopt : std::optional(std::move(text));
}

std::string name_of_contact(const PropertyBag& bag) {
  if (auto name = text_property(bag, tag::display_name)) return *std::move(name);
  if (auto name = text_property(bag, lid::distribution_list_name)) return *std::move(name);
  std::string name;
  for (const PropertyId& id : {PropertyId(tag::given_name), PropertyId(tag::surname)}) {
    if (const auto piece = text_property(bag, id)) name += (name.empty() ? "" : " ") + *piece;
  }
  if (name.empty()) name = text_property(bag, tag::company_name).value_or("");
  if (name.empty()) name = text_property(bag, lid::email1_email_address).value_or("");
  return name;
}

}  // namespace mapistore::conversion
