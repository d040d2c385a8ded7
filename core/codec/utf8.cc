#include "core/codec/utf8.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/codec/ascii.h"

namespace mapistore::codec {
namespace {

/// How many leading bytes are ASCII, eight at a time.
std::size_t ascii_prefix(std::string_view text) noexcept {
  std::size_t at = 0;
  for (std::uint64_t word = 0; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    if (word & 0x8080808080808080) break;
  }
  while (at < text.size() && is_ascii(text[at])) ++at;
  return at;
}

}  // namespace

std::size_t valid_utf8_prefix(std::string_view text) noexcept {
  std::size_t at = ascii_prefix(text);
  while (at < text.size()) {
    utf8proc_int32_t code_point = 0;
    const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                                         static_cast<utf8proc_ssize_t>(text.size() - at), &code_point);
    if (length <= 0) return at;
    at += static_cast<std::size_t>(length);
    at += ascii_prefix(text.substr(at));
  }
  return at;
}

bool is_all_ascii(std::string_view text) noexcept { return ascii_prefix(text) == text.size(); }

void append_code_point(std::string& out, char32_t code_point) {
  utf8proc_uint8_t bytes[4];
  const auto length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
}

void append_repaired_utf8(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t valid = valid_utf8_prefix(text);
    out += text.substr(0, valid);
    text.remove_prefix(valid);
    if (text.empty()) break;
    append_code_point(out, 0xFFFD);
    text.remove_prefix(1);
  }
}

std::string one_line(std::string text) {
  const auto is_space = [](char c) { return c == ' ' || is_control(c); };
  if (std::ranges::any_of(text, is_control)) {
    std::size_t kept = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t start = at;
      while (at < text.size() && is_space(text[at])) ++at;
      const std::string_view run(text.data() + start, at - start);
      if (std::ranges::any_of(run, is_control)) {
        text[kept++] = ' ';
      } else {
        kept = static_cast<std::size_t>(std::ranges::copy(run, text.begin() + static_cast<std::ptrdiff_t>(kept)).out -
                                        text.begin());
      }
      while (at < text.size() && !is_space(text[at])) text[kept++] = text[at++];
    }
    text.resize(kept);
  }
  text.erase(text.find_last_not_of(' ') + 1);
  text.erase(0, text.find_first_not_of(' '));
  return text;
}

}  // namespace mapistore::codec
