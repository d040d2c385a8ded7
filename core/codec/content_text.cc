#include "core/codec/content_text.h"

#include <algorithm>

#include "core/codec/ascii.h"
#include "core/codec/charset.h"

namespace mapistore::codec {
namespace {

constexpr std::size_t longest_piece = 75;

std::string without_carets(std::string_view value) {
  std::string plain;
  plain.reserve(value.size());
  for (std::size_t at = 0; at < value.size(); ++at) {
    const char next = value[at] == '^' && at + 1 < value.size() ? value[at + 1] : '\0';
    if (next != 'n' && next != '^' && next != '\'') {
      plain += value[at];
      continue;
    }
    plain += next == 'n' ? '\n' : next == '^' ? '^' : '"';
    ++at;
  }
  return plain;
}

std::string_view unquoted(std::string_view value) noexcept {
  value = trim(value);
  const bool quoted = value.size() > 1 && value.starts_with('"') && value.ends_with('"');
  return quoted ? value.substr(1, value.size() - 2) : value;
}

std::string_view name_of_nameless(std::string_view value) noexcept {
  for (const std::string_view encoding : {"quoted-printable", "base64", "7bit", "8bit"}) {
    if (equal_ignoring_case(value, encoding)) return "ENCODING";
  }
  for (const std::string_view place : {"inline", "url", "content-id"}) {
    if (equal_ignoring_case(value, place)) return "VALUE";
  }
  return "TYPE";
}

ContentParameter parameter_of(std::string_view text) {
  const std::size_t equals = text.find('=');
  ContentParameter parameter;
  if (equals == std::string_view::npos) {
    parameter.name = name_of_nameless(trim(text));
  } else {
    parameter.name = trim(text.substr(0, equals));
    text.remove_prefix(equals + 1);
  }
  for (;;) {
    const std::size_t comma = find_unquoted(text, ',');
    parameter.values.push_back(without_carets(undeclared_text(unquoted(text.substr(0, comma)))));
    if (comma == text.size()) return parameter;
    text.remove_prefix(comma + 1);
  }
}

/// The length of the next piece of a folded line, at most `limit`, not within a character; of bytes that are none, any.
std::size_t piece_length(std::string_view text, std::size_t limit) noexcept {
  if (text.size() <= limit) return text.size();
  constexpr std::size_t longest_character = 4;
  std::size_t cut = limit;
  while (limit - cut < longest_character && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return limit - cut < longest_character ? cut : limit;
}

}  // namespace

std::size_t find_unquoted(std::string_view text, char wanted) noexcept {
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') quoted = !quoted;
    if (text[at] == wanted && !quoted) return at;
  }
  return text.size();
}

std::string unescaped_text(std::string_view text) {
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
  return plain;
}

std::string escaped_text(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size() + text.size() / 8);
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\r' && at + 1 < text.size() && text[at + 1] == '\n') continue;
    if (c == '\\' || c == ';' || c == ',') escaped += '\\';
    if (c == '\n' || c == '\r') {
      escaped += "\\n";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::vector<std::string_view> split_unescaped(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == separator) {
      pieces.push_back(text.substr(begin, at - begin));
      begin = at + 1;
    }
  }
  pieces.push_back(text.substr(begin));
  return pieces;
}

bool ContentParameter::is(std::string_view expected) const noexcept { return equal_ignoring_case(name, expected); }

std::vector<ContentParameter> split_parameters(std::string_view text) {
  std::vector<ContentParameter> parameters;
  while (!text.empty()) {
    text.remove_prefix(1);
    const std::size_t end = find_unquoted(text, ';');
    if (!trim(text.substr(0, end)).empty()) parameters.push_back(parameter_of(text.substr(0, end)));
    text.remove_prefix(end);
  }
  return parameters;
}

std::string parameter_value(std::string_view value) {
  std::string escaped;
  for (const char c : value) {
    switch (c) {
      case '^': escaped += "^^"; break;
      case '"': escaped += "^'"; break;
      case '\n': escaped += "^n"; break;
      case '\r': break;
      default: escaped += c;
    }
  }
  const bool outer_blanks = trim(escaped).size() != escaped.size();
  if (escaped.find_first_of(";:,") == std::string::npos && !outer_blanks) return escaped;
  return '"' + escaped + '"';
}

std::string content_line(std::string_view text, std::string_view line_end, Folds folds) {
  std::string line;
  line.reserve(text.size() + text.size() / 16 + line_end.size());
  std::size_t length = folds == Folds::none ? text.size() : piece_length(text, longest_piece);
  line.append(text.substr(0, length));
  text.remove_prefix(length);
  while (!text.empty()) {
    length = piece_length(text, longest_piece - 1);  // the blank counts
    line.append(line_end).append(" ").append(text.substr(0, length));
    text.remove_prefix(length);
  }
  return line.append(line_end);
}

}  // namespace mapistore::codec
