#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <mapistore/export.h>

namespace mapistore {

/// JSON whose members stay in the order in which they were written.
using Json = nlohmann::ordered_json;

/// What `text` says; a discarded value (Json::is_discarded) if it is not JSON, or nested deeper
/// than 64 levels.
MAPISTORE_API Json parse_json(std::string_view text);

/// `json` on one line, or with `indent` spaces for each level. What is no UTF-8 in it is replaced by U+FFFD.
MAPISTORE_API std::string json_text(const Json& json, int indent = -1);

/// The member `key` of what another process may have written: as it is if a string, else as JSON. Empty if there is
/// none.
MAPISTORE_API std::string text_at(const Json& object, const char* key);

/// The member `key` if it is a whole number, else 0.
MAPISTORE_API std::uint64_t count_at(const Json& object, const char* key);

}  // namespace mapistore
