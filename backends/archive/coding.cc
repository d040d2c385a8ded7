#include "backends/archive/coding.h"

#include <algorithm>

namespace mapistore::archive {
namespace {

constexpr std::string_view upper_digits = "0123456789ABCDEF";
constexpr std::uint32_t usual_width = 76;

/// Line breaks before the character of this number.
std::uint64_t breaks_before(const Layout& layout, std::uint64_t character) noexcept {
  return character == 0 ? 0 : (character - 1) / layout.width;
}

int digit_of(char c) noexcept {
  const std::size_t at = upper_digits.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

/// Four characters of base64 for up to three bytes.
void append_group(std::string& out, std::string_view bytes) {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < 3; ++i) bits = bits << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u);
  for (std::size_t i = 0; i < 4; ++i) out += i <= bytes.size() ? base64_alphabet[bits >> (18 - 6 * i) & 63] : '=';
}

bool stands_for_itself(char c, bool last_in_line) noexcept {
  if (c == ' ' || c == '\t') return !last_in_line;
  return c >= 33 && c <= 126 && c != '=';
}

/// Undoes the escapes and soft line breaks of text in which each is as an encoder writes it.
std::optional<std::string> undo_escapes(std::string_view text, std::string_view line_end) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '=') {
      bytes += text[at];
      continue;
    }
    if (text.substr(at + 1).starts_with(line_end)) {
      at += line_end.size();
      continue;
    }
    if (at + 2 >= text.size()) return {};
    const int high = digit_of(text[at + 1]), low = digit_of(text[at + 2]);
    if (high < 0 || low < 0) return {};
    bytes += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return bytes;
}

}  // namespace

std::uint64_t base64_size(const Layout& layout, std::uint64_t size) noexcept {
  const std::uint64_t characters = (size + 2) / 3 * 4;
  return characters + breaks_before(layout, characters) * (layout.line_end.size() + layout.prefix.size());
}

std::uint64_t base64_offset(const Layout& layout, std::uint64_t at) noexcept { return base64_size(layout, at); }

std::string encode_base64(const Layout& layout, std::uint64_t at, std::string_view bytes) {
  std::string plain;
  plain.reserve(bytes.size() / 3 * 4 + 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) append_group(plain, bytes.substr(i, 3));

  std::string text;
  const std::uint64_t first = at / 3 * 4;
  text.reserve(plain.size() + (plain.size() / layout.width + 2) * (layout.line_end.size() + layout.prefix.size()));
  for (std::uint64_t done = 0; done < plain.size();) {
    const std::uint64_t column = (first + done) % layout.width;
    if (column == 0 && first + done != 0) text.append(layout.line_end).append(layout.prefix);
    const std::uint64_t count = std::min<std::uint64_t>(layout.width - column, plain.size() - done);
    text.append(plain, done, count);
    done += count;
  }
  return text;
}

std::string encode_quoted_printable(const Layout& layout, std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() + bytes.size() / 8);
  std::size_t column = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    if (bytes.substr(at).starts_with(layout.line_end)) {
      text += layout.line_end;
      at += layout.line_end.size();
      column = 0;
      continue;
    }
    const bool last = at + 1 == bytes.size() || bytes.substr(at + 1).starts_with(layout.line_end);
    const bool plain = stands_for_itself(bytes[at], last);
    const std::size_t length = plain ? 1 : 3;
    if (column + length > layout.width - (last ? 0 : 1)) {
      text.append("=").append(layout.line_end);
      column = 0;
    }
    if (plain) {
      text += bytes[at];
    } else {
      const auto byte = static_cast<unsigned char>(bytes[at]);
      text.append({'=', upper_digits[byte >> 4], upper_digits[byte & 15]});
    }
    column += length;
    ++at;
  }
  return text;
}

std::optional<Decoded> decode_quoted_printable(std::string_view text) {
  Decoded decoded;
  Layout& layout = decoded.layout;
  layout.coding = Coding::quoted_printable;
  const std::size_t first_end = text.find('\n');
  if (first_end != std::string_view::npos && (first_end == 0 || text[first_end - 1] != '\r')) layout.line_end = "\n";
  auto bytes = undo_escapes(text, layout.line_end);
  if (!bytes) return {};
  decoded.bytes = *std::move(bytes);

  std::size_t longest = 4;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(layout.line_end, begin), text.size());
    longest = std::max(longest, end - begin);
    begin = end + layout.line_end.size();
  }
  for (const std::uint32_t width : {static_cast<std::uint32_t>(longest), usual_width}) {
    layout.width = width;
    if (encode_quoted_printable(layout, decoded.bytes) == text) return decoded;
  }
  return {};
}

}  // namespace mapistore::archive
