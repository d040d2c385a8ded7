#include <algorithm>
#include <array>
#include <optional>

#include "core/codec/ascii.h"
#include "core/codec/charset_encoder.h"
#include "core/codec/utf8.h"
#include "core/mime/encode.h"
#include "core/mime/parameters.h"
#include "core/mime/splice.h"
#include "core/mime/streams.h"
#include "core/mime/writer.h"

namespace mapistore::mime {
namespace {

/// Whether `charset` writes line ends and ASCII as other bytes, so that mail cannot carry it as text.
bool is_wide(std::string_view charset) noexcept {
  return codec::starts_ignoring_case(charset, "utf-16") || codec::starts_ignoring_case(charset, "utf-32") ||
         codec::starts_ignoring_case(charset, "ucs-");
}

/// The lines of `text` so that `unflow` gives them back: blanks at line ends would join them, those at line beginnings
/// be taken for stuffing.
std::string as_flowed(std::string_view text, std::string_view line_end) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(line_end), text.size());
    std::string_view line = text.substr(0, end);
    if (line != "-- ") line = line.substr(0, line.find_last_not_of(' ') + 1);
    if (line.starts_with(' ') || line.starts_with("From ")) out += ' ';
    out += line;
    text.remove_prefix(end);
    if (text.empty()) break;
    out += line_end;
    text.remove_prefix(line_end.size());
  }
  return out;
}

std::string through(std::unique_ptr<Step> step, std::string_view text) {
  Steps steps;
  steps.push_back(std::move(step));
  return run_steps(steps, text);
}

bool may_hold_eight_bits(const Part& part) {
  const auto fields = read_fields(part.header);
  const Field* field = find_field(fields, "Content-Transfer-Encoding");
  const std::string encoding = field == nullptr ? std::string() : read_parameters(field->value).value;
  return encoding == "8bit" || encoding == "binary";
}

/// The encoding for new text in a part of this encoding: its own if that will do.
Encoding encoding_to_keep(const Part& part, std::string_view text) {
  if (part.encoding == Encoding::base64 || part.encoding == Encoding::quoted_printable) return part.encoding;
  if (part.encoding != Encoding::identity) return encoding_for_text(text);
  // Escapes are how ISO 2022 is written, and eight bits are fine where the part says so; NUL and endless lines are not.
  const bool eight_bits = may_hold_eight_bits(part);
  std::string plain(text);
  std::ranges::replace_if(plain, [&](char c) { return c == '\x1b' || (eight_bits && !codec::is_ascii(c)); }, 'x');
  return encoding_for_text(plain) == Encoding::identity ? Encoding::identity : encoding_for_text(text);
}

std::string_view name_of(Encoding encoding) noexcept {
  return encoding == Encoding::base64 ? "base64" : encoding == Encoding::quoted_printable ? "quoted-printable" : "7bit";
}

}  // namespace

void Splice::set_encoding(const Part& part, std::string_view encoding) {
  std::string field;
  append_structured_field(field, "Content-Transfer-Encoding", encoding, line_end_);
  set_field(part, "Content-Transfer-Encoding", field);
}

void Splice::set_charset(const Part& part, std::string_view charset) {
  const auto fields = read_fields(part.header);
  const Field* old = find_field(fields, "Content-Type");
  ParameterizedValue value = read_parameters(old == nullptr ? "text/plain" : old->value);
  std::erase_if(value.parameters, [](const Parameter& parameter) { return parameter.name == "charset"; });
  value.parameters.insert(value.parameters.begin(), {"charset", std::string(charset)});
  std::string field;
  append_parameterized_field(field, "Content-Type", part.type.type + '/' + part.type.subtype, value.parameters,
                             line_end_);
  set_field(part, "Content-Type", field);
}

void Splice::replace_text(const Part& part, std::string_view utf8) {
  std::string text = through(do_line_ends(line_end_), utf8);
  if (part.type.format_flowed && part.type.is("text", "plain")) text = as_flowed(text, line_end_);
  const std::string& charset = part.type.charset;
  std::optional<std::string> bytes = is_wide(charset) ? std::nullopt : codec::encode_charset(charset, text);
  if (!bytes) {
    set_charset(part, "utf-8");
    bytes = text;
  }
  const Encoding encoding = encoding_to_keep(part, *bytes);
  if (encoding != part.encoding) set_encoding(part, name_of(encoding));
  std::string body = encoding == Encoding::identity ? std::move(*bytes) : through(encode(encoding, line_end_), *bytes);
  // What ends a base64 body is no part of it: it stays as it was.
  if (encoding == Encoding::base64 && (part.body.ends_with('\n') || part.body.ends_with('\r'))) body += line_end_;
  replace(part.body, std::move(body));
}

void Splice::replace_data(const Part& part, LargeValue data) {
  if (part.encoding != Encoding::base64) set_encoding(part, name_of(Encoding::base64));
  LargeValue encoded = stepped_content(std::move(data), [end = line_end_] {
    Steps steps;
    steps.push_back(do_base64(end));
    return steps;
  });
  const bool ended = part.body.ends_with('\n') || part.body.ends_with('\r');
  replace(part.body, joined_content({std::move(encoded), held_content(ended ? std::string(line_end_) : "")}));
}

}  // namespace mapistore::mime
