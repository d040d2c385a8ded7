#include "core/json.h"

namespace mapistore {

namespace {

/// Copies and prints of a value go as deep into the stack as it is nested.
constexpr int deepest = 64;

}  // namespace

Json parse_json(std::string_view text) {
  bool too_deep = false;
  const auto bounded = [&](int depth, Json::parse_event_t, Json&) {
    too_deep |= depth > deepest;
    return !too_deep;
  };
  Json parsed = Json::parse(text, bounded, false);
  return too_deep ? Json(Json::value_t::discarded) : parsed;
}

std::string json_text(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string text_at(const Json& object, const char* key) {
  const Json value = object.is_object() ? object.value(key, Json{}) : Json{};
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? std::string{} : json_text(value);
}

std::uint64_t count_at(const Json& object, const char* key) {
  const Json count = object.is_object() ? object.value(key, Json{}) : Json{};
  return count.is_number_unsigned() || (count.is_number_integer() && count > 0) ? count.get<std::uint64_t>() : 0;
}

}  // namespace mapistore
