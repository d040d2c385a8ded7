#include "core/conversion/inline_data.h"

#include <algorithm>

#include "core/codec/content_text.h"
#include "core/codec/transfer.h"
#include "core/mime/content.h"
#include "core/properties/limits.h"

namespace mapistore::conversion {
namespace {

/// A value with more text than this is not decoded to find out whether it is small: folds make up some of it.
constexpr std::size_t largest_encoded_value = 2 * largest_held_value;

}  // namespace

std::string_view raw_value(std::string_view raw) noexcept {
  const std::size_t name = std::min(raw.find_first_of(";:"), raw.size());
  const std::size_t colon = name + codec::find_unquoted(raw.substr(name), ':');
  return colon >= raw.size() ? std::string_view{} : raw.substr(colon + 1);
}

PropertyValue base64_value(const SharedBytes& text) {
  if (text.view().size() <= largest_encoded_value) {
    std::string decoded;
    codec::append_base64(decoded, text.view());
    const auto all = std::as_bytes(std::span(decoded));
    if (decoded.size() <= largest_held_value) return Binary(all.begin(), all.end());
  }
  return mime::decoded_content(text, mime::Encoding::base64);
}

}  // namespace mapistore::conversion
