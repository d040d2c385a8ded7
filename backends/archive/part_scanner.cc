#include "backends/archive/part_scanner.h"

#include <algorithm>
#include <array>
#include <utility>

#include "backends/archive/format.h"

namespace mapistore::archive {
namespace {

constexpr std::size_t longest_line = std::size_t{16} * 1024;
constexpr std::size_t shortest_line = 32;  // of a run's first: words are shorter
constexpr std::size_t most_quoted = frame_size;
constexpr std::size_t decoded_piece = std::size_t{16} * 1024;
constexpr std::uint32_t most_parts = 10'000;

constexpr signed char no_digit = -1;

constexpr std::array<signed char, 256> make_digits() {
  std::array<signed char, 256> digits{};
  digits.fill(no_digit);
  for (std::size_t i = 0; i < base64_alphabet.size(); ++i)
    digits[static_cast<unsigned char>(base64_alphabet[i])] = static_cast<signed char>(i);
  return digits;
}
constexpr auto digits = make_digits();

std::uint32_t digit(char c) noexcept { return static_cast<std::uint32_t>(digits[static_cast<unsigned char>(c)]); }

bool is_base64(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return digits[static_cast<unsigned char>(c)] != no_digit; });
}

std::string_view line_end_of(std::string_view line) noexcept {
  if (line.ends_with("\r\n")) return line.substr(line.size() - 2);
  if (line.ends_with('\n')) return line.substr(line.size() - 1);
  return {};
}

bool begins_with_ignoring_case(std::string_view text, std::string_view lower) noexcept {
  return text.size() >= lower.size() && std::ranges::equal(text.substr(0, lower.size()), lower, [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
         });
}

/// Of `text`, which is base64 up to its padding: how much padding; -1 if it is not of that form.
int padding_of(std::string_view text) noexcept {
  int padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  return is_base64(text) ? padding : -1;
}

}  // namespace

Result<> PartScanner::take(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end == std::string_view::npos ? end : end + 1);
    bytes.remove_prefix(piece.size());
    if (long_line_ || line_.size() + piece.size() > longest_line) {
      MAPISTORE_CHECK(end_run());
      MAPISTORE_CHECK(end_quoted());
      MAPISTORE_CHECK(sink_.literal(line_));
      line_.clear();
      MAPISTORE_CHECK(sink_.literal(piece));
      long_line_ = end == std::string_view::npos;
    } else if (end == std::string_view::npos) {
      line_ += piece;
    } else if (line_.empty()) {
      MAPISTORE_CHECK(line(piece));
    } else {
      line_ += piece;
      MAPISTORE_CHECK(line(line_));
      line_.clear();
    }
  }
  return {};
}

Result<> PartScanner::finish() {
  if (!line_.empty()) MAPISTORE_CHECK(line(line_));
  line_.clear();
  MAPISTORE_CHECK(end_run());
  return end_quoted();
}

void PartScanner::look_at_field(std::string_view text) {
  constexpr std::string_view field = "content-transfer-encoding:";
  if (!begins_with_ignoring_case(text, field)) return;
  text.remove_prefix(field.size());
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  declared_quoted_ = begins_with_ignoring_case(text, "quoted-printable");
}

Result<> PartScanner::line(std::string_view whole) {
  const bool delimiter = whole.starts_with("--");
  if (quoted_ && !delimiter) {
    quoted_text_ += whole;
    return quoted_text_.size() > most_quoted ? end_quoted() : Result<>{};
  }
  MAPISTORE_CHECK(end_quoted());
  if (delimiter) {
    in_header_ = true;
    declared_quoted_ = false;
  } else if (in_header_) {
    const std::string_view text = whole.substr(0, whole.size() - line_end_of(whole).size());
    look_at_field(text);
    in_header_ = !text.empty();
    quoted_ = !in_header_ && declared_quoted_ && parts_ < most_parts;
  }
  return plain_line(whole);
}

Result<> PartScanner::end_quoted() {
  if (!std::exchange(quoted_, false)) return {};
  const std::string text = std::exchange(quoted_text_, {});
  const std::string_view last_end = line_end_of(text);
  const std::string_view body = std::string_view(text).substr(0, text.size() - last_end.size());
  auto decoded = text.size() > most_quoted ? std::nullopt : decode_quoted_printable(body);
  if (!decoded || decoded->bytes.size() < smallest_part) return sink_.literal(text);
  ++parts_;
  MAPISTORE_CHECK(sink_.begin_part(decoded->layout));
  MAPISTORE_CHECK(sink_.part_data(decoded->bytes));
  MAPISTORE_CHECK(sink_.end_part(body.size()));
  return sink_.literal(last_end);
}

Result<> PartScanner::plain_line(std::string_view whole) {
  const std::string_view line_end = line_end_of(whole);
  const std::string_view text = whole.substr(0, whole.size() - line_end.size());
  if (run_ && MAPISTORE_TRY(continue_run(text, line_end))) return {};
  MAPISTORE_CHECK(end_run());
  if (!begins_run(text, line_end)) return sink_.literal(whole);
  run_ = true;
  MAPISTORE_CHECK(sink_.literal(layout_.prefix));
  return take_run_text(text.substr(layout_.prefix.size()), line_end);
}

bool PartScanner::begins_run(std::string_view text, std::string_view line_end) {
  if (line_end.empty() || text.size() <= shortest_line || parts_ >= most_parts) return false;
  const bool folded = text[0] == ' ' || text[0] == '\t';
  if (!is_base64(text.substr(folded ? 1 : 0))) return false;
  layout_.prefix = text.substr(0, folded ? 1 : 0);
  layout_.width = static_cast<std::uint32_t>(text.size() - layout_.prefix.size());
  layout_.line_end = line_end;
  return true;
}

Result<bool> PartScanner::continue_run(std::string_view text, std::string_view line_end) {
  if (!text.starts_with(layout_.prefix)) return false;
  text.remove_prefix(layout_.prefix.size());
  if (text.empty() || text.size() > layout_.width) return false;
  const int padding = padding_of(text);
  if (padding < 0) return false;
  if (padding > 0) {
    // Bits that the padding hides must be zero, or encoding would not give them again.
    const std::size_t count = text.size() - static_cast<std::size_t>(padding);
    if ((static_cast<std::size_t>(count_) + text.size()) % 4 != 0) return false;
    if (count == 0 || (digit(text[count - 1]) & (padding == 2 ? 15u : 3u)) != 0) return false;
  }
  const bool last = text.size() < layout_.width || padding > 0 || line_end != layout_.line_end;
  if (!open_) raw_ += layout_.prefix;
  tail_ += layout_.prefix;
  MAPISTORE_CHECK(take_run_text(text, line_end));
  if (last) MAPISTORE_CHECK(end_run());
  return true;
}

Result<> PartScanner::take_run_text(std::string_view text, std::string_view line_end) {
  if (!open_) raw_.append(text).append(line_end);
  take_characters(text);
  tail_ += line_end;
  if (!open_ && decoded_.size() >= smallest_part) MAPISTORE_CHECK(open_run());
  return open_ && decoded_.size() >= decoded_piece ? give_decoded() : Result<>{};
}

Result<> PartScanner::give_decoded() {
  size_ += decoded_.size();
  MAPISTORE_CHECK(sink_.part_data(decoded_));
  decoded_.clear();
  return {};
}

void PartScanner::take_characters(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '=') {  // the last group: padded, and the text's end
      const int bytes = count_ - 1;
      bits_ <<= 6 * (4 - count_);
      for (int i = 0; i < bytes; ++i) decoded_ += static_cast<char>(bits_ >> (16 - 8 * i) & 255);
      tail_.clear();
      bits_ = 0;
      count_ = 0;
      return;
    }
    bits_ = bits_ << 6 | digit(text[at]);
    tail_ += text[at];
    if (++count_ < 4) continue;
    decoded_ += static_cast<char>(bits_ >> 16 & 255);
    decoded_ += static_cast<char>(bits_ >> 8 & 255);
    decoded_ += static_cast<char>(bits_ & 255);
    tail_.clear();
    bits_ = 0;
    count_ = 0;
  }
}

Result<> PartScanner::open_run() {
  open_ = true;
  ++parts_;
  raw_.clear();
  return sink_.begin_part(layout_);
}

Result<> PartScanner::end_run() {
  if (!std::exchange(run_, false)) return {};
  if (std::exchange(open_, false)) {
    MAPISTORE_CHECK(give_decoded());
    MAPISTORE_CHECK(sink_.end_part(base64_size(layout_, std::exchange(size_, 0))));
    MAPISTORE_CHECK(sink_.literal(tail_));
  } else {
    MAPISTORE_CHECK(sink_.literal(raw_));
  }
  raw_.clear();
  tail_.clear();
  decoded_.clear();
  bits_ = 0;
  count_ = 0;
  return {};
}

}  // namespace mapistore::archive
