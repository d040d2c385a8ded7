#include "core/mime/uuencode.h"

#include <algorithm>
#include <array>

#include "core/codec/ascii.h"
#include "core/codec/lines.h"

namespace mapistore::mime {
namespace {

/// Longer ones encode nothing: a line holds 63 bytes at most.
constexpr std::size_t longest_line = 128;

/// The name in a line `begin 644 name`; empty for any other.
std::string_view name_in_begin(std::string_view line) noexcept {
  if (!line.starts_with("begin ")) return {};
  line.remove_prefix(6);
  const std::size_t mode = std::min(line.find_first_not_of("01234567"), line.size());
  if (mode < 3 || mode > 4 || mode == line.size() || line[mode] != ' ') return {};
  return codec::trim(line.substr(mode));
}

/// How many bytes a line stands for, or npos if it encodes nothing. Blanks at its end may have been lost.
std::size_t encoded_bytes(std::string_view line) noexcept {
  if (line.empty() || line.size() > longest_line) return std::string_view::npos;
  const bool sound = std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '`'; });
  return sound ? static_cast<std::size_t>((line[0] - ' ') & 63) : std::string_view::npos;
}

/// Whether `line` may be one of a file: whole, and without a tail that means something else.
bool is_data(std::string_view line) noexcept {
  const std::size_t count = encoded_bytes(line);
  if (count == std::string_view::npos || count == 0) return false;
  const std::size_t length = 1 + (count + 2) / 3 * 4;
  return line.size() <= length + 1 && line.size() + 4 >= length;
}

bool ends_data(std::string_view line) noexcept { return codec::trim_end(line).empty() || codec::trim_end(line) == "`"; }

void append_line(std::string& out, std::string_view line) {
  const std::size_t count = encoded_bytes(line);
  if (count == std::string_view::npos) return;
  line.remove_prefix(1);
  const std::size_t end = out.size() + count;
  for (std::size_t at = 0; out.size() < end; at += 4) {
    unsigned bits = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
      bits = bits << 6 | (i < line.size() ? static_cast<unsigned>(line[i] - ' ') & 63u : 0u);
    }
    for (const unsigned shift : {16u, 8u, 0u}) {
      if (out.size() < end) out += static_cast<char>(bits >> shift & 0xFFu);
    }
  }
}

class UndoUuencode : public Step {
 public:
  void append(std::string& out, std::string_view piece, bool last) override {
    for (const char c : piece) {
      if (c != '\n' && c != '\r') {
        if (line_.size() <= longest_line) line_ += c;
        continue;
      }
      take_line(out);
    }
    if (last) take_line(out);
  }

 private:
  void take_line(std::string& out) {
    if (!name_in_begin(line_).empty()) {
      ended_ = false;
    } else if (line_ == "end") {
      ended_ = true;
    } else if (!ended_) {
      append_line(out, line_);
    }
    line_.clear();
  }

  std::string line_;
  bool ended_ = true;
};

}  // namespace

std::vector<Uuencoded> find_uuencoded(std::string_view text) {
  std::vector<Uuencoded> found;
  codec::Lines lines(text);
  std::size_t begin = 0;
  std::string_view name;  // of the file that is open
  bool data_ended = false;
  for (std::size_t start = 0; const auto line = lines.next(); start = lines.position()) {
    if (const std::string_view opened = name_in_begin(*line); !opened.empty()) {
      name = opened;
      begin = start;
      data_ended = false;
    } else if (name.empty()) {
      continue;
    } else if (*line == "end") {
      found.push_back({text.substr(begin, lines.position() - begin), name});
      name = {};
    } else if (ends_data(*line)) {
      data_ended = true;
    } else if (data_ended || !is_data(*line)) {
      name = {};
    }
  }
  return found;
}

std::unique_ptr<Step> undo_uuencode() { return std::make_unique<UndoUuencode>(); }

}  // namespace mapistore::mime
