#include "core/mime/writer.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/codec/ascii.h"
#include "core/codec/transfer.h"
#include "core/codec/utf8.h"

namespace mapistore::mime {
namespace {

constexpr std::size_t line_length = 76;
constexpr std::size_t longest_plain_word = 900;  // RFC 5322 allows lines of 998
constexpr std::string_view word_begin = "=?utf-8?";
constexpr std::size_t word_overhead = 12;  // with encoding, marks and end
constexpr std::size_t smallest_payload = 16;
constexpr std::size_t largest_payload = 75 - word_overhead;
constexpr std::string_view hex_digits = "0123456789ABCDEF";

constexpr bool is_alphanumeric(char c) noexcept { return codec::is_letter(c) || codec::is_digit(c); }
constexpr bool is_atom(char c) noexcept {
  return is_alphanumeric(c) || std::string_view("!#$%&'*+-/=?^_`{|}~.").contains(c);
}
constexpr bool is_token(char c) noexcept {
  return is_alphanumeric(c) || std::string_view("!#$&+-^_`{|}~.").contains(c);
}
constexpr bool is_word_safe(char c) noexcept { return is_alphanumeric(c) || std::string_view("!*+-/").contains(c); }

void append_hex(std::string& out, char mark, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += {mark, hex_digits[byte >> 4], hex_digits[byte & 15]};
}

/// Whether a reader would see `text` as something else than it is.
bool needs_words(std::string_view text) noexcept {
  return !codec::is_all_ascii(text) || text.contains("=?") || text.size() > longest_plain_word;
}

/// The field that is being written: pieces with a blank or a fold between them.
class FoldedField {
 public:
  FoldedField(std::string& out, std::string_view name, std::string_view line_end)
      : out_{out}, line_end_{line_end}, column_{name.size() + 1} {
    out_.append(name) += ':';
  }
  FoldedField(const FoldedField&) = delete;
  FoldedField& operator=(const FoldedField&) = delete;
  ~FoldedField() { out_ += line_end_; }

  void add(std::string_view piece) {
    if (column_ + 1 + piece.size() > line_length && !first_) fold();
    out_.append(" ") += piece;
    column_ += 1 + piece.size();
    first_ = false;
  }

  /// `text` as encoded words, cut between characters.
  void add_words(std::string_view text) {
    const auto escaped =
        static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return c != ' ' && !is_word_safe(c); }));
    const bool quoted = text.size() + 2 * escaped <= (text.size() + 2) / 3 * 4;
    while (!text.empty()) {
      if (!first_ && column_ + 1 + word_overhead + smallest_payload > line_length) fold();
      const std::size_t taken = std::min(line_length, column_ + 1 + word_overhead);
      const std::size_t room = std::clamp(line_length - taken, smallest_payload, largest_payload);
      const std::string_view part = text.substr(0, cut(text, room, quoted));
      std::string word(word_begin);
      word += quoted ? "q?" : "b?";
      quoted ? append_quoted(word, part) : codec::append_as_base64(word, part);
      word += "?=";
      add(word);
      text.remove_prefix(part.size());
    }
  }

 private:
  void fold() {
    out_ += line_end_;
    column_ = 0;
  }

  static void append_quoted(std::string& word, std::string_view text) {
    for (const char c : text) {
      if (c == ' ')
        word += '_';
      else if (is_word_safe(c))
        word += c;
      else
        append_hex(word, '=', c);
    }
  }

  /// How much of `text` a word of `room` takes: whole characters, at least one.
  static std::size_t cut(std::string_view text, std::size_t room, bool quoted) {
    std::size_t used = 0, fits = 0;
    for (std::size_t at = 0; at < text.size();) {
      std::size_t end = at + 1;
      while (end < text.size() && end < at + 4 && (text[end] & '\xC0') == '\x80') ++end;
      for (; at < end; ++at) used += quoted && text[at] != ' ' && !is_word_safe(text[at]) ? 3 : 1;
      if ((quoted ? used : (end + 2) / 3 * 4) > room) break;
      fits = end;
    }
    return std::max<std::size_t>(fits, 1);
  }

  std::string& out_;
  std::string_view line_end_;
  std::size_t column_;
  bool first_ = true;
};

/// Encodes from the first to the last word that needs it, with the blanks between: those between encoded words would
/// be lost.
void add_text(FoldedField& field, std::string_view text) {
  const std::vector<std::string_view> words = foldable_words(text);
  const auto first = std::ranges::find_if(words, needs_words);
  const auto last = std::find_if(words.rbegin(), words.rend(), needs_words).base();
  for (auto word = words.begin(); word != words.end();) {
    if (word != first) {
      field.add(*word++);
      continue;
    }
    field.add_words({first->data(), static_cast<std::size_t>((last - 1)->data() + (last - 1)->size() - first->data())});
    word = last;
  }
}

/// A name of people or groups, then `end` as a piece of its own or, if that is a colon, joined where it may be.
void add_phrase(FoldedField& field, std::string_view name, std::string_view end) {
  const std::string text = codec::one_line(std::string(name));
  if (needs_words(text)) {
    field.add_words(text);
    field.add(end);
    return;
  }
  std::string piece = text;
  if (!std::ranges::all_of(text, [](char c) { return is_atom(c) && c != '.'; })) piece = quoted_string(text);
  if (end == ":") {
    field.add(piece + ':');
  } else {
    if (!piece.empty()) field.add(piece);
    field.add(end);
  }
}

void add_mailbox(FoldedField& field, const Mailbox& mailbox, std::string_view separator) {
  std::string address;
  for (const char c : mailbox.address)
    if (!codec::is_control(c) && c != '<' && c != '>') address += c;
  const bool bare = mailbox.display_name.empty() && address.contains('@') &&
                    std::ranges::all_of(address, [](char c) { return is_atom(c) || c == '@'; });
  if (!bare) address = '<' + address + '>';
  address += separator;
  bare ? field.add(address) : add_phrase(field, mailbox.display_name, address);
}

/// `name*0*=utf-8''...`, in as many pieces as it takes, each with its semicolon.
void add_extended(FoldedField& field, std::string_view name, std::string_view value, std::string_view end) {
  std::string encoded;
  std::vector<std::string> pieces;
  const std::size_t room = line_length - std::min(line_length / 2, name.size() + 10);
  encoded = "utf-8''";
  for (const char c : value) {
    if (encoded.size() + 3 > room) pieces.push_back(std::exchange(encoded, {}));
    is_alphanumeric(c) || c == '.' || c == '-' || c == '_' ? void(encoded += c) : append_hex(encoded, '%', c);
  }
  pieces.push_back(encoded);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::string index = pieces.size() == 1 ? "" : '*' + std::to_string(i);
    const bool last = i + 1 == pieces.size();
    field.add(std::string(name) + index + "*=" + pieces[i] + std::string(last ? end : ";"));
  }
}

void add_parameter(FoldedField& field, const Parameter& parameter, std::string_view end) {
  const std::string value = codec::one_line(parameter.value);
  if (!codec::is_all_ascii(value) || value.contains("=?") || parameter.name.size() + value.size() + 5 > line_length) {
    add_extended(field, parameter.name, value, end);
    return;
  }
  const bool token = std::ranges::all_of(value, is_token);
  field.add(parameter.name + '=' + (token ? value : quoted_string(value)) + std::string(end));
}

/// FNV-1a, from a start of its own.
std::uint64_t hash(std::string_view text, std::uint64_t start) {
  std::uint64_t hash = 0xcbf29ce484222325 ^ start;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

}  // namespace

bool is_field_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= line_length &&
         std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7f && c != ':'; });
}

std::vector<std::string_view> foldable_words(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t begin = 0;
  for (std::size_t at = 1; at + 1 < text.size(); ++at) {
    if (text[at] != ' ' || text[at - 1] == ' ' || text[at + 1] == ' ') continue;
    words.push_back(text.substr(begin, at - begin));
    begin = at + 1;
  }
  if (!text.empty()) words.push_back(text.substr(begin));
  return words;
}

std::string quoted_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

void append_text_field(std::string& out, std::string_view name, std::string_view text, std::string_view line_end) {
  FoldedField field(out, name, line_end);
  add_text(field, codec::one_line(std::string(text)));
}

void append_structured_field(std::string& out, std::string_view name, std::string_view value,
                             std::string_view line_end) {
  FoldedField field(out, name, line_end);
  const auto ends_piece = [](char c) { return c == ' ' || codec::is_control(c); };
  for (auto at = value.begin(); at != value.end();) {
    const auto end = std::find_if(at, value.end(), ends_piece);
    if (at != end) field.add({at, end});
    at = std::find_if_not(end, value.end(), ends_piece);
  }
}

void append_address_field(std::string& out, std::string_view name, std::span<const Mailbox> mailboxes,
                          std::string_view line_end) {
  if (mailboxes.empty()) return;
  FoldedField field(out, name, line_end);
  std::string_view group;
  for (std::size_t i = 0; i < mailboxes.size(); ++i) {
    const Mailbox& mailbox = mailboxes[i];
    if (!mailbox.group.empty() && mailbox.group != group) add_phrase(field, mailbox.group, ":");
    group = mailbox.group;
    const bool last = i + 1 == mailboxes.size();
    const bool ends_group = !group.empty() && (last || mailboxes[i + 1].group != group);
    add_mailbox(field, mailbox, ends_group ? (last ? ";" : ";,") : last ? "" : ",");
  }
}

void append_parameterized_field(std::string& out, std::string_view name, std::string_view value,
                                std::span<const Parameter> parameters, std::string_view line_end) {
  FoldedField field(out, name, line_end);
  const auto is_told = [](const Parameter& parameter) { return !parameter.value.empty(); };
  auto left = std::ranges::count_if(parameters, is_told);
  std::string first;
  for (const char c : value)
    if (c > ' ' && c < 0x7f && c != ';') first += c;
  field.add(first + (left > 0 ? ";" : ""));
  for (const Parameter& parameter : parameters)
    if (is_told(parameter)) add_parameter(field, parameter, --left > 0 ? ";" : "");
}

std::string boundary_of(std::string_view seed) {
  static constexpr std::string_view hex = "0123456789abcdef";
  std::string boundary = "=_";
  for (const std::uint64_t half : {hash(seed, 0), hash(seed, 0x9e3779b97f4a7c15)})
    for (int shift = 60; shift >= 0; shift -= 4) boundary += hex[half >> shift & 0xf];
  return boundary;
}

}  // namespace mapistore::mime
