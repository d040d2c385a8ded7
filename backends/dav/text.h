#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace mapistore::dav {

inline char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

inline std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

inline bool equals_nocase(std::string_view left, std::string_view right) noexcept {
  return std::ranges::equal(left, right, {}, lower, lower);
}

inline bool starts_with_nocase(std::string_view text, std::string_view start) noexcept {
  return text.size() >= start.size() && equals_nocase(text.substr(0, start.size()), start);
}

inline bool contains_nocase(std::string_view text, std::string_view part) noexcept {
  return !std::ranges::search(text, part, {}, lower, lower).empty();
}

/// Without the blanks at both ends.
inline std::string_view trimmed(std::string_view text) noexcept {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

}  // namespace mapistore::dav
