#include "core/conversion/contact_media.h"

#include <algorithm>
#include <cstring>

#include "core/codec/ascii.h"
#include "core/codec/transfer.h"
#include "core/conversion/inline_data.h"

namespace mapistore::conversion {
namespace {

constexpr std::uint64_t largest_media = 64 * 1024 * 1024;

std::string media_type_of(const CardLine& line) {
  if (const std::string_view type = line.parameter("MEDIATYPE"); !type.empty()) return std::string(type);
  for (const std::string& type : line.types) {
    if (type == "pref" || type == "work" || type == "home") continue;
    if (type.find('/') != std::string::npos) return type;
    if (line.content->is("PHOTO")) return "image/" + (type == "jpg" ? std::string("jpeg") : type);
  }
  return {};
}

}  // namespace

std::optional<CardMedia> read_media(const CardLine& line, const SharedBytes& bytes) {
  CardMedia media;
  std::string_view text = raw_value(line.raw);
  const std::string_view encoding = line.parameter("ENCODING");
  if (codec::starts_ignoring_case(line.value, "data:")) {
    const std::string_view value = line.value;
    const std::size_t comma = value.find(',');
    if (comma == std::string_view::npos) return std::nullopt;
    const std::string_view head = value.substr(5, comma - 5);
    const std::size_t semicolon = head.rfind(';');
    if (semicolon == std::string_view::npos || !codec::equal_ignoring_case(head.substr(semicolon + 1), "base64"))
      return std::nullopt;
    media.media_type = head.substr(0, head.find(';'));
    text.remove_prefix(std::min(text.find(',') + 1, text.size()));
  } else if (codec::equal_ignoring_case(encoding, "b") || codec::equal_ignoring_case(encoding, "base64")) {
    media.media_type = media_type_of(line);
  } else {
    return std::nullopt;
  }
  media.value = base64_value(bytes.part(text));
  return media;
}

MediaText media_text(CardVersion version, std::string_view media_type, std::string_view bytes) {
  const std::size_t slash = media_type.find('/');
  std::string short_type(slash == std::string_view::npos ? std::string_view{} : media_type.substr(slash + 1));
  std::ranges::transform(short_type, short_type.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
  const std::string encoded = codec::base64_of(bytes);
  switch (version) {
    case CardVersion::v4_0: return {"", "data:" + std::string(media_type) + ";base64," + encoded};
    case CardVersion::v2_1: return {";ENCODING=BASE64" + (short_type.empty() ? "" : ";" + short_type), encoded};
    case CardVersion::v3_0: break;
  }
  return {";ENCODING=b" + (short_type.empty() ? "" : ";TYPE=" + short_type), encoded};
}

std::optional<std::string> bytes_of(const PropertyValue& value) {
  if (const auto* binary = std::get_if<Binary>(&value)) {
    std::string bytes(binary->size(), '\0');
    if (!bytes.empty()) std::memcpy(bytes.data(), binary->data(), bytes.size());
    return bytes;
  }
  const auto* large = std::get_if<LargeValue>(&value);
  if (large == nullptr) return std::nullopt;
  auto bytes = large->content->text(largest_media);
  return bytes ? std::optional(*std::move(bytes)) : std::nullopt;
}

std::string photo_file_name(std::string_view media_type) {
  const std::size_t slash = media_type.find('/');
  if (slash == std::string_view::npos || slash + 1 == media_type.size()) return "ContactPicture.jpg";
  std::string extension;
  for (const char c : media_type.substr(slash + 1)) {
    if (codec::is_letter(c) || codec::is_digit(c)) extension += codec::lower(c);
  }
  return "ContactPicture." + (extension == "jpeg" || extension.empty() ? "jpg" : extension);
}

}  // namespace mapistore::conversion
