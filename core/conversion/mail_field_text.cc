#include "core/conversion/mail_field_text.h"

#include <algorithm>

#include "core/codec/ascii.h"
#include "core/codec/transfer.h"
#include "core/conversion/mail_encode.h"
#include "core/mime/writer.h"

namespace mapistore::conversion {
namespace {

constexpr std::size_t line_width = 76;
constexpr std::size_t longest_header_line = 998;
constexpr std::size_t word_bytes = 42;  // of an encoded word: 56 digits of base64, 12 of `=?utf-8?B?` and `?=`

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return codec::is_ascii(c) && !codec::is_control(c); });
}

/// Puts words behind each other, on a new line where one would be too long.
class Folder {
 public:
  explicit Folder(std::string_view name) : text_{std::string(name) + ":"}, column_{text_.size()} {}

  void add(std::string_view word) {
    const bool folds = has_words_ && column_ + 1 + word.size() > line_width;
    text_.append(folds ? "\r\n " : " ").append(word);
    column_ = folds ? 1 + word.size() : column_ + 1 + word.size();
    has_words_ = true;
  }

  std::string take() { return std::move(text_.append("\r\n")); }

 private:
  std::string text_;
  std::size_t column_;
  bool has_words_ = false;
};

/// The encoded words of `text`, cut between characters.
std::vector<std::string> encoded_words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    std::size_t size = std::min(text.size(), word_bytes);
    while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
    if (size == 0) size = std::min(text.size(), word_bytes);  // no UTF-8 at all
    words.push_back("=?utf-8?B?" + codec::base64_of(text.substr(0, size)) + "?=");
    text.remove_prefix(size);
  }
  return words;
}

bool is_phrase(std::string_view text) {
  return !text.empty() && text.front() != ' ' && text.back() != ' ' && text.find("  ") == std::string_view::npos &&
         std::ranges::all_of(text, [](char c) {
           return codec::is_letter(c) || codec::is_digit(c) || std::string_view(" !#$%&'*+-/=^_`{|}~").contains(c);
         });
}

/// The words of a phrase (RFC 5322 3.2.5): a display name, a keyword.
std::vector<std::string> phrase_words(std::string_view text) {
  if (!is_printable(text) || text.find("=?") != std::string_view::npos || text.size() > longest_header_line / 2)
    return encoded_words(text);
  if (!is_phrase(text)) return {mime::quoted_string(text)};
  const std::vector<std::string_view> words = mime::foldable_words(text);
  return {words.begin(), words.end()};
}

}  // namespace

std::string text_field(std::string_view name, std::string_view text) {
  std::string field;
  mime::append_text_field(field, name, text, crlf);
  return field;
}

std::string address_field(std::string_view name, const std::vector<mime::Mailbox>& mailboxes) {
  std::string field;
  mime::append_address_field(field, name, mailboxes, crlf);
  return field;
}

std::string phrases_field(std::string_view name, const std::vector<std::string>& phrases) {
  Folder folder(name);
  for (const std::string& phrase : phrases) {
    std::vector<std::string> words = phrase_words(phrase);
    if (words.empty()) continue;
    if (&phrase != &phrases.back()) words.back() += ',';
    for (const std::string& word : words) folder.add(word);
  }
  return folder.take();
}

std::string base64_field(std::string_view name, std::string_view bytes) {
  const std::string text = codec::base64_of(bytes);
  Folder folder(name);
  for (std::size_t at = 0; at < text.size(); at += 60) folder.add(std::string_view(text).substr(at, 60));
  return folder.take();
}

std::string parameters_field(std::string_view name, std::string_view value,
                             const std::vector<std::pair<std::string_view, std::string>>& parameters) {
  std::vector<mime::Parameter> converted;
  for (const auto& [parameter, text] : parameters) converted.push_back({std::string(parameter), text});
  std::string field;
  mime::append_parameterized_field(field, name, value, converted, crlf);
  return field;
}

}  // namespace mapistore::conversion
