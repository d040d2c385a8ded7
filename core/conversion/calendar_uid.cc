#include "core/conversion/calendar_uid.h"

#include "core/codec/digest.h"
#include "core/conversion/mail_values.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {

std::string derived_uid(const MessageObject& message, const std::vector<NewLine>& lines) {
  std::string source = held_bytes(message.properties, tag::source_key).value_or(std::string{});
  if (source.empty()) {
    for (const NewLine& line : lines) source += line.text() + "\n";
  }
  auto digest = codec::sha256(source);
  digest[6] = static_cast<unsigned char>((digest[6] & 0x0f) | 0x80);  // RFC 9562: version 8, the variant of the RFC
  digest[8] = static_cast<unsigned char>((digest[8] & 0x3f) | 0x80);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string uid;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) uid += '-';
    uid += digits[digest[i] >> 4];
    uid += digits[digest[i] & 0xf];
  }
  return uid;
}

}  // namespace mapistore::conversion
