#include "core/conversion/mail_encode.h"

#include <algorithm>

#include "core/codec/ascii.h"
#include "core/codec/utf8.h"
#include "core/mime/encode.h"
#include "core/mime/streams.h"

namespace mapistore::conversion {
namespace {

constexpr std::size_t longest_line = 998;
constexpr std::size_t width = 76;
constexpr std::string_view upper_hex = "0123456789ABCDEF";

std::string quoted_printable(std::string_view bytes, std::string_view newline) {
  std::string out;
  std::size_t column = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const std::string_view rest = bytes.substr(at);
    if (rest.starts_with(newline)) {
      out.append(newline);
      column = 0;
      at += newline.size() - 1;
      continue;
    }
    const char c = bytes[at];
    const bool ends_line = rest.size() == 1 || rest.substr(1).starts_with(newline);
    const bool is_plain = (c > ' ' && c < 0x7f && c != '=') || ((c == ' ' || c == '\t') && !ends_line);
    const bool is_kept = is_plain && !(column == 0 && (c == '-' || c == '.' || rest.starts_with("From ")));
    if (column + (is_kept ? 1 : 3) > width - 1) {
      out.append("=").append(newline);
      column = 0;
    }
    if (is_kept && !(column == 0 && c == '-')) {
      out += c;
      ++column;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'=', upper_hex[byte >> 4], upper_hex[byte & 0xf]});
      column += 3;
    }
  }
  return out;
}

struct Census {
  std::size_t foreign = 0;  ///< bytes that are not printable ASCII
  bool has_controls = false;
  bool has_foreign_lines = false;
  bool has_long_lines = false;
  bool may_be_boundary = false;
};

Census count(std::string_view bytes, std::string_view newline) {
  Census census;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (bytes.substr(at).starts_with(newline)) {
      at += newline.size() - 1;
      begin = at + 1;
      continue;
    }
    const char c = bytes[at];
    census.has_foreign_lines = census.has_foreign_lines || c == '\r' || c == '\n';
    const bool is_control = codec::is_control(c) && c != '\t';
    census.has_controls = census.has_controls || is_control;
    if (!codec::is_ascii(c) || is_control) ++census.foreign;
    census.has_long_lines = census.has_long_lines || at - begin >= longest_line;
    if (at == begin + 2 && bytes.substr(begin).starts_with("--") && c != ' ') census.may_be_boundary = true;
  }
  return census;
}

}  // namespace

std::string with_newline(std::string text, std::string_view newline) {
  if (newline == crlf) return text;
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text.compare(at, 2, crlf) == 0)
      out.append(newline), ++at;
    else
      out += text[at];
  }
  return out;
}

LargeValue base64_lines(const LargeValue& bytes, std::string_view newline) {
  return mime::stepped_content(bytes, [newline = std::string(newline)] {
    mime::Steps steps;
    steps.push_back(mime::do_base64(newline));
    return steps;
  });
}

EncodedBody encode_body(std::string_view bytes, std::string_view newline, Preferred preferred) {
  const Census census = count(bytes, newline);
  const bool is_eight_bit = preferred == Preferred::eight_bit && !census.has_controls;
  const bool is_plain = !census.has_foreign_lines && !census.has_long_lines && !census.may_be_boundary;
  if (preferred <= Preferred::eight_bit && is_plain && (census.foreign == 0 || is_eight_bit))
    return {census.foreign == 0 ? "7bit" : "8bit", std::string(bytes)};
  const bool is_text = census.foreign * 3 < bytes.size() + 3 || preferred == Preferred::quoted_printable;
  if (preferred != Preferred::base64 && !census.has_foreign_lines && is_text)
    return {"quoted-printable", quoted_printable(bytes, newline)};
  std::string out;
  mime::do_base64(newline)->append(out, bytes, true);
  return {"base64", std::move(out)};
}

std::string with_uniform_lines(std::string text, std::string_view newline, bool& changed) {
  const std::string_view other = newline == crlf ? line_feed : crlf;
  std::size_t lines = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text.compare(at, other.size(), other) == 0 && (other == crlf || at == 0 || text[at - 1] != '\r'))
      ++lines, at += other.size() - 1;
    else if (text[at] == '\r' || text[at] == '\n')
      return text;
  }
  changed = lines > 0;
  if (!changed) return text;
  if (newline == line_feed) return with_newline(std::move(text), newline);
  std::string out;
  for (const char c : text) c == '\n' ? out.append(crlf) : out.append(1, c);
  return out;
}

void Pieces::add_lines(std::string_view text) { text_.append(with_newline(std::string(text), newline_)); }

void Pieces::add(LargeValue content) {
  flush();
  parts_.push_back(std::move(content));
}

LargeValue Pieces::take() {
  flush();
  return parts_.size() == 1 ? parts_.front() : mime::joined_content(std::move(parts_));
}

void Pieces::flush() {
  if (!text_.empty()) parts_.push_back(held_content(std::exchange(text_, {})));
}

}  // namespace mapistore::conversion
