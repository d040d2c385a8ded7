#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <mapistore/property.h>

namespace mapistore {

/// Who may change a property of a message. Those of recipients and attachments are all content.
enum class Writability : std::uint8_t {
  content,   ///< told by the bytes of the message
  state,     ///< held by the medium beside the bytes: flags, categories, the time of delivery
  computed,  ///< follows from other properties, or belongs to the store
  identity,  ///< names the object or a version of it
};

/// A named property of MS-OXPROPS: `text` is empty if it is named by a number.
struct KnownName {
  Guid set;
  std::uint32_t number;
  std::string_view text;
  PropertyType type;

  constexpr operator PropertyName() const {  // NOLINT(google-explicit-constructor): it is one, without an allocation
    if (text.empty()) return {set, number, type};
    return {set, std::string(text), type};
  }
};

/// `guid(0x00062008, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46})`: from the parts that its text shows (MS-DTYP 2.3.4).
constexpr Guid guid(std::uint32_t a, std::uint16_t b, std::uint16_t c, const std::array<std::uint8_t, 8>& d) noexcept {
  const auto byte = [](std::uint32_t value, int index) { return static_cast<std::uint8_t>(value >> (8 * index)); };
  return {{byte(a, 0), byte(a, 1), byte(a, 2), byte(a, 3), byte(b, 0), byte(b, 1), byte(c, 0), byte(c, 1), d[0], d[1],
           d[2], d[3], d[4], d[5], d[6], d[7]}};
}

namespace property_set {

inline constexpr std::array<std::uint8_t, 8> microsoft = {0xc0, 0, 0, 0, 0, 0, 0, 0x46};
inline constexpr Guid ps_mapi = guid(0x00020328, 0, 0, microsoft);
inline constexpr Guid ps_public_strings = guid(0x00020329, 0, 0, microsoft);
/// Its names are field names of RFC 5322: folded to lower case before they are compared (MS-OXCPRPT 3.2.5.7).
inline constexpr Guid ps_internet_headers = guid(0x00020386, 0, 0, microsoft);
inline constexpr Guid psetid_appointment = guid(0x00062002, 0, 0, microsoft);
inline constexpr Guid psetid_task = guid(0x00062003, 0, 0, microsoft);
inline constexpr Guid psetid_address = guid(0x00062004, 0, 0, microsoft);
inline constexpr Guid psetid_common = guid(0x00062008, 0, 0, microsoft);
inline constexpr Guid psetid_log = guid(0x0006200a, 0, 0, microsoft);
inline constexpr Guid psetid_note = guid(0x0006200e, 0, 0, microsoft);
inline constexpr Guid psetid_remote = guid(0x00062014, 0, 0, microsoft);
inline constexpr Guid psetid_sharing = guid(0x00062040, 0, 0, microsoft);
inline constexpr Guid psetid_post_rss = guid(0x00062041, 0, 0, microsoft);
inline constexpr Guid psetid_meeting =
    guid(0x6ed8da90, 0x450b, 0x101b, {0x98, 0xda, 0x00, 0xaa, 0x00, 0x3f, 0x13, 0x05});
inline constexpr Guid psetid_calendar_assistant =
    guid(0x11000e07, 0xb51b, 0x40d6, {0xaf, 0x21, 0xca, 0xa8, 0x5e, 0xda, 0xb1, 0xd0});

}  // namespace property_set

/// The element type with `multivalue` added.
constexpr PropertyType multivalue_of(PropertyType type) noexcept {
  return static_cast<PropertyType>(std::to_underlying(type) | std::to_underlying(PropertyType::multivalue));
}

namespace property_type {

using enum PropertyType;
inline constexpr PropertyType mv_long_integer = multivalue_of(PropertyType::long_integer);
inline constexpr PropertyType mv_unicode = multivalue_of(PropertyType::unicode);
inline constexpr PropertyType mv_system_time = multivalue_of(PropertyType::system_time);
inline constexpr PropertyType mv_binary = multivalue_of(PropertyType::binary);

}  // namespace property_type

namespace tag {
#define MAPISTORE_TAG(constant, name, id, type, writability, alias) \
  inline constexpr PropertyTag constant{id, property_type::type};
#include "core/properties/known_properties.def"
}  // namespace tag

namespace lid {
#define MAPISTORE_LID(constant, name, set, number, type, writability) \
  inline constexpr KnownName constant{property_set::set, number, {}, property_type::type};
#include "core/properties/known_properties.def"
}  // namespace lid

namespace pname {
#define MAPISTORE_NAME(constant, name, set, text, type, writability) \
  inline constexpr KnownName constant{property_set::set, 0, text, property_type::type};
#include "core/properties/known_properties.def"
}  // namespace pname

/// What is known of a property. Static storage.
struct KnownProperty {
  std::string_view name;   ///< canonical: PidTagSubject
  std::string_view alias;  ///< of MAPI: PR_SUBJECT; may be empty
  bool is_named;
  PropertyTag tag;  ///< if it is not named; else 0 with the type
  KnownName named;
  Writability writability;

  PropertyId id() const { return is_named ? PropertyId(named) : PropertyId(tag); }
};

/// All of them: tags by id and type, then names by set and number, then names by set and text.
MAPISTORE_API std::span<const KnownProperty> known_properties() noexcept;

/// The one of exactly this identity and type; without one, the first of this identity; null if there is none.
MAPISTORE_API const KnownProperty* find_known_property(const PropertyId& id) noexcept;

/// By canonical name or alias, compared exactly; null if there is none.
MAPISTORE_API const KnownProperty* find_known_property(std::string_view name) noexcept;

/// Of a known property its own; of others that of their range of ids (MS-OXPROPS 1.3.3).
MAPISTORE_API Writability writability_of(const PropertyId& id) noexcept;

}  // namespace mapistore
