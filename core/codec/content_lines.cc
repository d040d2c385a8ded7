#include "core/codec/content_lines.h"

#include "core/codec/ascii.h"
#include "core/codec/content_text.h"
#include "core/codec/transfer.h"
#include "core/codec/utf8.h"

namespace mapistore::codec {
namespace {

/// Enough for a data URI up to its comma.
constexpr std::size_t told_of_base64 = 256;

bool is_quoted_printable(const ContentLine& line) noexcept {
  return equal_ignoring_case(line.parameter("encoding"), "quoted-printable");
}

bool is_base64(const ContentLine& line) noexcept {
  const std::string_view encoding = line.parameter("encoding");
  return equal_ignoring_case(encoding, "b") || equal_ignoring_case(encoding, "base64") ||
         equal_ignoring_case(line.parameter("value"), "binary") || starts_ignoring_case(line.value, "data:");
}

std::string without_folds(std::string_view value) {
  std::string text;
  Lines lines(value);
  for (std::size_t fold = 0; const auto line = lines.next(); fold = 1) text += line->substr(fold);
  return text;
}

/// The position in `raw`, a line with folds, of what has `position` in the line without them.
std::size_t unfolded_to_raw(std::string_view raw, std::size_t position) noexcept {
  Lines lines(raw);
  for (std::size_t fold = 0;; fold = 1) {
    const std::size_t begin = lines.position() + fold;
    const auto line = lines.next();
    if (!line) return raw.size();
    if (position < line->size() - fold) return begin + position;
    position -= line->size() - fold;
  }
}

/// Of a line of which only the beginning was unfolded: makes the value all of it, as it stands in the raw line.
void keep_folds(FoldedLine& line) {
  const auto position = static_cast<std::size_t>(line.content->value.data() - line.text.data());
  line.text = line.text.substr(0, position);
  line.content->value = line.raw.substr(unfolded_to_raw(line.raw, position));
  line.content->folded = true;
}

}  // namespace

std::optional<ContentLine> split_content_line(std::string_view text) noexcept {
  const std::size_t name_end = text.find_first_of(";:");
  if (name_end == std::string_view::npos) return std::nullopt;
  ContentLine line;
  line.name = trim(text.substr(0, name_end));
  if (const std::size_t group = line.name.rfind('.'); group != std::string_view::npos) {
    line.group = line.name.substr(0, group);
    line.name.remove_prefix(group + 1);
  }
  const std::string_view rest = text.substr(name_end);
  std::size_t colon = find_unquoted(rest, ':');
  if (colon == rest.size()) colon = rest.find(':');  // an unbalanced quote
  if (colon == std::string_view::npos) return std::nullopt;
  line.parameters = rest.substr(0, colon);
  line.value = rest.substr(colon + 1);
  return line;
}

bool ContentLine::is(std::string_view expected) const noexcept { return equal_ignoring_case(name, expected); }

bool ContentLine::is(std::string_view expected, std::string_view expected_value) const noexcept {
  return is(expected) && equal_ignoring_case(trim(value), expected_value);
}

std::string_view ContentLine::parameter(std::string_view wanted) const noexcept {
  for (std::string_view rest = parameters; !rest.empty();) {
    rest.remove_prefix(1);
    const std::string_view parameter = rest.substr(0, find_unquoted(rest, ';'));
    rest.remove_prefix(parameter.size());
    const std::size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) {
      const bool encoding = equal_ignoring_case(wanted, "encoding");
      if (encoding && equal_ignoring_case(trim(parameter), "quoted-printable")) return trim(parameter);
    } else if (equal_ignoring_case(trim(parameter.substr(0, equals)), wanted)) {
      const std::string_view said = trim(parameter.substr(equals + 1));
      const bool quoted = said.size() > 1 && said.starts_with('"') && said.ends_with('"');
      return quoted ? said.substr(1, said.size() - 2) : said;
    }
  }
  return {};
}

ContentLines::ContentLines(std::string_view text) noexcept
    : text_(text.starts_with(utf8_mark) ? text.substr(utf8_mark.size()) : text), lines_(text_) {}

std::optional<ContentLine> ContentLines::next() {
  while (const auto line = next_folded()) {
    if (line->content) return line->content;
  }
  return std::nullopt;
}

std::optional<FoldedLine> ContentLines::next_folded() {
  const std::size_t begin = lines_.position();
  const auto first = lines_.next();
  if (!first) return std::nullopt;
  FoldedLine line;
  bool whole = true;
  line.text = *first;
  if (first->ends_with('=')) line.content = split_content_line(*first);
  if (line.content && is_quoted_printable(*line.content)) {
    line.text = join_soft_breaks(*first);
  } else if (lines_.next_continues()) {
    whole = unfold(*first);
    line.text = buffer_;
  }
  line.content = split_content_line(line.text);
  if (whole && line.content && line.text.ends_with('=') && is_quoted_printable(*line.content)) {
    line.text = join_soft_breaks(line.text);  // folded before its first soft break
    line.content = split_content_line(line.text);
  }
  line.raw = text_.substr(begin, lines_.position() - begin);
  if (!whole && line.content) keep_folds(line);
  line.copied = line.text.data() == buffer_.data();
  return line;
}

bool ContentLines::unfold(std::string_view first) {
  buffer_ = first;
  bool whole = true;
  while (lines_.next_continues()) {
    const std::string_view more = lines_.next()->substr(1);
    whole = whole && buffer_.size() + more.size() <= largest_unfolded_value;
    if (whole) buffer_ += more;
  }
  return whole;
}

std::string_view ContentLines::join_soft_breaks(std::string_view first) {
  if (first.data() != buffer_.data()) buffer_ = first;
  while (buffer_.ends_with('=')) {
    const auto more = lines_.next();
    if (!more) break;
    buffer_.pop_back();
    buffer_ += *more;
  }
  return buffer_;
}

std::string decoded_value(const ContentLine& line, CharsetDecoder& charsets) {
  if (line.folded && is_base64(line)) return std::string(line.value.substr(0, told_of_base64));
  std::string bytes = line.folded ? without_folds(line.value) : std::string(line.value);
  if (is_quoted_printable(line)) {
    std::string decoded;
    append_quoted_printable(decoded, bytes);
    bytes = std::move(decoded);
  }
  const std::string_view charset = line.parameter("charset");
  if (charset.empty() && is_valid_utf8(bytes)) return bytes;
  std::string text;
  charsets.append(text, charset, bytes);
  return text;
}

std::string text_of(const ContentLine& line, CharsetDecoder& charsets) {
  return one_line(unescaped_text(decoded_value(line, charsets)));
}

std::string component_of(const ContentLine& line, std::size_t index, CharsetDecoder& charsets) {
  const std::string text = decoded_value(line, charsets);
  const auto components = split_unescaped(text, ';');
  return index < components.size() ? one_line(unescaped_text(components[index])) : std::string{};
}

}  // namespace mapistore::codec
