#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec/content_document.h"
#include "core/conversion/contact_fields.h"
#include "core/conversion/convert.h"

namespace mapistore::conversion {

/// One line of a card, ready to be understood.
struct CardLine {
  std::size_t number = 0;
  const codec::ContentLine* content = nullptr;
  std::string_view raw;  ///< as it stands, folds and all
  std::vector<codec::ContentParameter> parameters;
  std::vector<std::string> types;  ///< TYPE in lower case, with what the label of its group says
  std::string value;               ///< decoded, still escaped

  bool has(std::string_view type) const noexcept;
  /// The first value of a parameter, or empty.
  std::string_view parameter(std::string_view name) const noexcept;
};

/// The labels of Apple's groups (`item1.X-ABLabel:_$!<Home>!$_`) as types, by the group's name in lower case. One that
/// says no type that we know has none.
using GroupLabels = std::map<std::string, std::vector<std::string>, std::less<>>;

CardLine read_card_line(const codec::ContentDocument& document, std::size_t number, const GroupLabels& labels,
                        codec::CharsetDecoder& charsets);

/// What a card says, and in which lines.
struct CardReading {
  ReadMessage result;
  const codec::ContentComponent* card = nullptr;  ///< null: there is none
  CardVersion version = CardVersion::v3_0;
  /// The lines that each field (by its key) was read from, in order.
  std::map<std::string_view, std::vector<std::size_t>> lines;
};

/// Reads the first card of a document, which is that of `bytes`.
CardReading read_card(const codec::ContentDocument& document, const SharedBytes& bytes);

// Keys of the fields that are in no table.
inline constexpr std::string_view email_key = "EMAIL";
inline constexpr std::string_view categories_key = "CATEGORIES";
inline constexpr std::string_view class_key = "CLASS";
inline constexpr std::string_view gender_key = "GENDER";
inline constexpr std::string_view children_key = "X-MS-CHILD";
inline constexpr std::string_view user_fields_key = "X-MS-TEXT";
inline constexpr std::string_view mailing_key = "X-MS-OL-DEFAULT-POSTAL-ADDRESS";
inline constexpr std::string_view photo_key = "PHOTO";
inline constexpr std::string_view key_key = "KEY";
inline constexpr std::string_view member_key = "MEMBER";
inline constexpr std::string_view kind_key = "KIND";

/// Carries the display name of an e-mail address or member where it is not the address itself.
inline constexpr std::string_view display_name_parameter = "X-CN";

}  // namespace mapistore::conversion
