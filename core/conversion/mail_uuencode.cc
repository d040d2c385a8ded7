#include "core/conversion/mail_uuencode.h"

#include <optional>

#include "core/codec/ascii.h"
#include "core/codec/charset.h"
#include "core/codec/lines.h"

namespace mapistore::conversion {
namespace {

constexpr int bits_of(char c) noexcept { return (static_cast<unsigned char>(c) - 0x20) & 0x3f; }

/// The name in a line `begin 644 name`, or nothing for any other line.
std::optional<std::string_view> name_in(std::string_view line) {
  if (!line.starts_with("begin ")) return std::nullopt;
  line.remove_prefix(6);
  std::size_t digits = 0;
  while (digits < line.size() && line[digits] >= '0' && line[digits] <= '7') ++digits;
  if (digits < 3 || digits > 4 || line.size() <= digits + 1 || line[digits] != ' ') return std::nullopt;
  return codec::trim(line.substr(digits + 1));
}

/// Whether `line` is as long as its first character says, give or take what mailers lose and add at its end.
bool is_data(std::string_view line) {
  if (line.empty() || line.front() < 0x20 || line.front() > 0x60) return false;
  const std::size_t groups = static_cast<std::size_t>(bits_of(line.front()) + 2) / 3;
  return line.size() <= 2 + groups * 4 && line.size() + 3 >= 1 + groups * 4;
}

}  // namespace

std::vector<std::string_view> uuencoded_blocks(std::string_view text) {
  std::vector<std::string_view> blocks;
  if (text.find("begin ") == std::string_view::npos) return blocks;
  codec::Lines lines(text);
  std::optional<std::size_t> begin;
  while (true) {
    const std::size_t start = lines.position();
    const auto line = lines.next();
    if (!line) break;
    if (name_in(*line)) {
      begin = start;
    } else if (begin && codec::trim(*line) == "end") {
      blocks.push_back(text.substr(*begin, lines.position() - *begin));
      begin.reset();
    } else if (begin && !is_data(codec::trim_end(*line).empty() ? *line : codec::trim_end(*line)) && !is_data(*line)) {
      begin.reset();
    }
  }
  return blocks;
}

UuencodedFile read_uuencoded(std::string_view block) {
  codec::Lines lines(block);
  const auto first = lines.next();
  UuencodedFile file;
  if (first) codec::append_undeclared(file.name, name_in(*first).value_or(std::string_view{}));
  file.lines = block.substr(lines.position());
  return file;
}

void append_uuencoded(std::string& out, std::string_view text) {
  codec::Lines lines(text);
  while (const auto line = lines.next()) {
    if (line->starts_with("begin ")) continue;
    if (codec::trim(*line) == "end" || line->empty()) return;
    const auto count = static_cast<std::size_t>(bits_of(line->front()));
    std::string decoded;
    for (std::size_t at = 1; decoded.size() < count; at += 4) {
      std::uint32_t group = 0;
      for (std::size_t digit = 0; digit < 4; ++digit)
        group = group << 6 | static_cast<std::uint32_t>(at + digit < line->size() ? bits_of((*line)[at + digit]) : 0);
      for (const int shift : {16, 8, 0}) decoded += static_cast<char>(group >> shift & 0xff);
    }
    out.append(decoded, 0, count);
  }
}

}  // namespace mapistore::conversion
