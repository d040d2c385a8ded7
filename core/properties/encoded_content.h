#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <mapistore/property.h>

#include "core/codec/shared_bytes.h"

namespace mapistore {

/// What stands between the quotes of a JSON string, found to be well-formed.
struct JsonString {
  std::string_view raw;
  std::uint64_t size = 0;  ///< of what it stands for, in bytes
  bool has_escapes = false;
};

/// What a JSON string stands for, in WTF-8.
std::string decode(const JsonString& string);

/// The same, decoded when read. `text` holds `string`.
LargeValue string_content(const SharedBytes& text, const JsonString& string);

/// What base64 stands for, strictly: its alphabet, padding, no stray bits. Nothing for other text.
std::optional<Binary> decode_base64(std::string_view base64);

/// The same, decoded when read; reads everything once to know that it is base64. Errc::invalid_content.
Result<LargeValue> base64_content(LargeValue base64);

}  // namespace mapistore
