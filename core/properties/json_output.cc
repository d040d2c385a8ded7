#include "core/properties/json_output.h"

#include <algorithm>
#include <vector>

#include "core/codec/transfer.h"
#include "core/codec/utf8.h"
#include "core/properties/wtf8.h"

namespace mapistore {
namespace {

constexpr std::size_t gathered_at_most = 32 * 1024;
/// Divisible by three, so that base64 of the pieces is base64 of the whole.
constexpr std::size_t json_piece = 24 * 1024;
/// How many bytes may belong to one character: two surrogates of three.
constexpr std::size_t longest_character = 6;

void append_unit(std::string& out, char32_t unit) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += digits[unit >> shift & 0xf];
}

void append_character(std::string& out, char32_t point) {
  switch (point) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  if (point < 0x20 || is_surrogate(point))
    append_unit(out, point);
  else
    codec::append_code_point(out, point);
}

constexpr bool is_plain(char c) noexcept {
  return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x80 && c != '"' && c != '\\';
}

std::string_view characters_of(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Fills `out` as far as there is anything.
Result<std::size_t> fill(ContentReader& reader, std::span<std::byte> out) {
  std::size_t filled = 0;
  while (filled < out.size()) {
    const std::size_t count = MAPISTORE_TRY(reader.read(out.subspan(filled)));
    if (count == 0) break;
    filled += count;
  }
  return filled;
}

}  // namespace

Result<> JsonOutput::text(std::string_view text) {
  gathered_ += text;
  return gathered_.size() < gathered_at_most ? Result<>{} : finish();
}

Result<> JsonOutput::finish() {
  MAPISTORE_CHECK(sink_.write(gathered_));
  gathered_.clear();
  return {};
}

Result<> JsonOutput::characters(std::string_view& text, std::size_t keep) {
  while (text.size() > keep) {
    std::size_t plain = 0;
    while (plain < text.size() - keep && plain < json_piece && is_plain(text[plain])) ++plain;
    if (plain > 0) {
      gathered_ += text.substr(0, plain);
      text.remove_prefix(plain);
    } else {
      append_character(gathered_, take_code_point(text));
    }
    if (gathered_.size() >= gathered_at_most) MAPISTORE_CHECK(finish());
  }
  return {};
}

Result<> JsonOutput::string(std::string_view text) {
  gathered_ += '"';
  MAPISTORE_CHECK(characters(text, 0));
  gathered_ += '"';
  return {};
}

Result<> JsonOutput::string(const Content& text) {
  gathered_ += '"';
  std::vector<std::byte> bytes(json_piece);
  const auto reader = text.reader();
  for (std::size_t kept = 0;;) {
    const std::size_t count = MAPISTORE_TRY(fill(*reader, std::span(bytes).subspan(kept)));
    const bool is_last = kept + count < bytes.size();
    std::string_view rest = characters_of(std::span(bytes).first(kept + count));
    MAPISTORE_CHECK(characters(rest, is_last ? 0 : longest_character - 1));
    if (is_last) break;
    kept = rest.size();
    std::copy(bytes.end() - static_cast<std::ptrdiff_t>(kept), bytes.end(), bytes.begin());
  }
  gathered_ += '"';
  return {};
}

Result<> JsonOutput::base64(std::span<const std::byte> bytes) {
  gathered_ += '"';
  for (; bytes.size() > json_piece; bytes = bytes.subspan(json_piece))
    MAPISTORE_CHECK(text(codec::base64_of(characters_of(bytes.first(json_piece)))));
  gathered_ += codec::base64_of(characters_of(bytes));
  gathered_ += '"';
  return {};
}

Result<> JsonOutput::base64(const Content& bytes) {
  gathered_ += '"';
  std::vector<std::byte> buffer(json_piece);
  const auto reader = bytes.reader();
  for (std::size_t count = json_piece; count == json_piece;) {
    count = MAPISTORE_TRY(fill(*reader, buffer));
    MAPISTORE_CHECK(text(codec::base64_of(characters_of(std::span(buffer).first(count)))));
  }
  gathered_ += '"';
  return {};
}

}  // namespace mapistore
