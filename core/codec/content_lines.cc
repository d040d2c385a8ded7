#include "core/codec/content_lines.h"

#include "core/codec/ascii.h"
#include "core/codec/transfer.h"
#include "core/codec/utf8.h"

namespace mapistore::codec {
namespace {

/// Where `wanted` first stands outside of double quotes, or the end.
std::size_t find_unquoted(std::string_view text, char wanted) noexcept {
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') quoted = !quoted;
    if (text[at] == wanted && !quoted) return at;
  }
  return text.size();
}

std::optional<ContentLine> split(std::string_view text) noexcept {
  const std::size_t name_end = text.find_first_of(";:");
  if (name_end == std::string_view::npos) return std::nullopt;
  ContentLine line;
  line.name = trim(text.substr(0, name_end));
  if (const std::size_t group = line.name.rfind('.'); group != std::string_view::npos) {
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

bool is_quoted_printable(const ContentLine& line) noexcept {
  return equal_ignoring_case(line.parameter("encoding"), "quoted-printable");
}

/// The value as bytes became characters, escapes still in it.
std::string decoded(const ContentLine& line, CharsetDecoder& charsets) {
  std::string bytes;
  if (is_quoted_printable(line)) {
    append_quoted_printable(bytes, line.value);
  } else {
    bytes = line.value;
  }
  const std::string_view charset = line.parameter("charset");
  if (charset.empty() && is_valid_utf8(bytes)) return bytes;
  std::string text;
  charsets.append(text, charset, bytes);
  return text;
}

std::string unescaped(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      plain += text[at];
      continue;
    }
    const char escape = text[++at];
    plain += lower(escape) == 'n' ? '\n' : escape;
  }
  return one_line(std::move(plain));
}

}  // namespace

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
    : lines_(text.starts_with(utf8_mark) ? text.substr(utf8_mark.size()) : text) {}

std::optional<ContentLine> ContentLines::next() {
  while (const auto text = unfolded()) {
    auto line = split(*text);
    if (line && line->value.ends_with('=') && is_quoted_printable(*line)) line = split(join_soft_breaks(*text));
    if (line) return line;
  }
  return std::nullopt;
}

std::optional<std::string_view> ContentLines::unfolded() {
  const auto first = lines_.next();
  if (!first || !lines_.next_continues()) return first;
  buffer_ = *first;
  while (lines_.next_continues()) buffer_ += lines_.next()->substr(1);
  return buffer_;
}

std::string_view ContentLines::join_soft_breaks(std::string_view line) {
  if (line.data() != buffer_.data()) buffer_ = line;
  while (buffer_.ends_with('=')) {
    const auto more = lines_.next();
    if (!more) break;
    buffer_.pop_back();
    buffer_ += *more;
  }
  return buffer_;
}

std::string text_of(const ContentLine& line, CharsetDecoder& charsets) { return unescaped(decoded(line, charsets)); }

std::string component_of(const ContentLine& line, std::size_t index, CharsetDecoder& charsets) {
  const std::string text = decoded(line, charsets);
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == ';') {
      if (index == 0) return unescaped(std::string_view(text).substr(begin, at - begin));
      --index;
      begin = at + 1;
    }
  }
  return index == 0 ? unescaped(std::string_view(text).substr(begin)) : std::string{};
}

}  // namespace mapistore::codec
