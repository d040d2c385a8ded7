#pragma once

#include <optional>
#include <string>

#include "core/conversion/contact_card.h"

namespace mapistore::conversion {

/// The bytes that stand in a line (PHOTO, KEY) and what they are.
struct CardMedia {
  PropertyValue value;     ///< Binary, or LargeValue that refers into the card
  std::string media_type;  ///< "image/jpeg"; empty: not said
};

/// Nothing if the line only refers to something elsewhere.
std::optional<CardMedia> read_media(const CardLine& line, const SharedBytes& bytes);

/// An image/key of bytes: the parameters and the value of the line that holds it.
struct MediaText {
  std::string parameters;
  std::string value;
};

MediaText media_text(CardVersion version, std::string_view media_type, std::string_view bytes);

/// The bytes of a value of type `binary`, or nothing if it has none or too many.
std::optional<std::string> bytes_of(const PropertyValue& value);

/// "ContactPicture.jpg"
std::string photo_file_name(std::string_view media_type);

}  // namespace mapistore::conversion
