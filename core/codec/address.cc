#include "core/codec/address.h"

#include <algorithm>

#include "core/codec/ascii.h"
#include "core/codec/charset.h"
#include "core/codec/encoded_words.h"

namespace mapistore::codec {
namespace {

/// Reads mailboxes from the left until one has an address.
class AddressScanner {
 public:
  explicit AddressScanner(std::string_view value) noexcept : value_(value) {}

  std::string first() {
    std::string address;
    while (at_ < value_.size() && address.empty()) {
      const char c = value_[at_];
      if (c == '"' && quotes_close_) {
        quoted_string();
      } else if (c == '(' && comments_close_) {
        comment();
      } else if (c == '<') {
        address = angle_address();
      } else {
        if (c == ',' || c == ';') address = unbracketed();
        c == ',' || c == ';' || c == ':' ? skip_separator() : plain_text();
      }
    }
    if (address.empty()) address = unbracketed();
    return address.empty() ? local_user() : address;
  }

 private:
  void skip_separator() {
    text_.clear();
    ++at_;
  }

  /// Of at least one character, whatever that is.
  void plain_text() {
    std::size_t end = at_ + 1;
    while (end < value_.size() && !std::string_view{"\"(<,;:"}.contains(value_[end])) ++end;
    text_ += value_.substr(at_, end - at_);
    at_ = end;
  }

  void quoted_string() {
    std::size_t end = at_ + 1;
    while (end < value_.size() && value_[end] != '"') end += value_[end] == '\\' ? 2 : 1;
    quotes_close_ = end < value_.size();
    if (!quotes_close_) {
      ++at_;
      return;
    }
    text_ += value_.substr(at_, end + 1 - at_);
    at_ = end + 1;
  }

  void comment() {
    std::size_t end = at_;
    for (int depth = 0; end < value_.size(); ++end) {
      if (value_[end] == '\\') ++end;
      else if (value_[end] == '(') ++depth;
      else if (value_[end] == ')' && --depth == 0) break;
    }
    comments_close_ = end < value_.size();
    at_ = comments_close_ ? end + 1 : at_ + 1;
  }

  std::string angle_address() {
    const std::size_t begin = at_ + 1;
    const std::size_t close = value_.find('>', begin);
    at_ = close == std::string_view::npos ? std::min(value_.find(',', begin), value_.size()) : close + 1;
    return bare_address(value_.substr(begin, (close == std::string_view::npos ? at_ : close) - begin));
  }

  std::string unbracketed() const { return bare_address(word_with_at(text_)); }

  std::string local_user() const {
    const std::string_view word = trim(text_);
    const bool alone = std::ranges::none_of(word, [](char c) { return is_blank(c) || c == '"'; });
    return alone ? bare_address(word) : std::string{};
  }

  std::string_view value_;
  std::size_t at_ = 0;
  std::string text_;  ///< the mailbox so far, without comments
  // Cleared by the first one that does not close: no later one can, and looking again would be quadratic.
  bool quotes_close_ = true;
  bool comments_close_ = true;
};

}  // namespace

std::string bare_address(std::string_view inside) {
  std::string address;
  address.reserve(inside.size());
  bool quoted = false;
  for (const char c : inside) {
    if (c == '"') quoted = !quoted;
    if (c == '<' || is_control(c) || (c == ' ' && !quoted)) continue;
    address += c;
  }
  const std::size_t route_end = address.starts_with('@') ? address.find(':') : std::string::npos;
  if (route_end != std::string::npos) address.erase(0, route_end + 1);
  if (starts_ignoring_case(address, "mailto:")) address.erase(0, 7);
  return address;
}

std::string_view word_with_at(std::string_view text) noexcept {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) return {};
  std::size_t begin = at;
  while (begin > 0 && is_blank(text[begin - 1])) --begin;
  if (begin > 0 && text[begin - 1] == '"') {
    const std::size_t quote = begin > 1 ? text.rfind('"', begin - 2) : std::string_view::npos;
    begin = quote == std::string_view::npos ? begin : quote;
  } else {
    while (begin > 0 && !is_blank(text[begin - 1])) --begin;
  }
  std::size_t end = at + 1;
  while (end < text.size() && is_blank(text[end])) ++end;
  while (end < text.size() && !is_blank(text[end])) ++end;
  return text.substr(begin, end - begin);
}

std::string first_address(std::string_view value) {
  value = trim(value);
  if (value.empty()) return {};
  // Some mailers encode the whole field, address included.
  const bool encoded = value.find('@') == std::string_view::npos && value.find("=?") != std::string_view::npos;
  if (encoded) return undeclared_text(AddressScanner(decode_words(value)).first());
  return undeclared_text(AddressScanner(value).first());
}

std::string normalized_message_id(std::string_view value) {
  if (const std::size_t open = value.find('<'); open != std::string_view::npos) {
    value.remove_prefix(open);
    value = value.substr(0, value.find('>'));
  }
  std::string id;
  id.reserve(value.size());
  for (const char c : value) {
    if (c != '<' && c != '>' && c != ' ' && !is_control(c)) id += c;
  }
  return undeclared_text(id);
}

}  // namespace mapistore::codec
