#include <algorithm>
#include <utility>

#include "core/codec/address.h"
#include "core/codec/ascii.h"
#include "core/codec/charset.h"
#include "core/codec/encoded_words.h"
#include "core/mime/part.h"

namespace mapistore::mime {
namespace {

constexpr std::size_t most_mailboxes = 100'000;

/// `raw` without quotes and their escapes, encoded words decoded.
std::string phrase_text(std::string_view raw) {
  std::string bare;
  bool quoted = false;
  for (std::size_t at = 0; at < raw.size(); ++at) {
    if (raw[at] == '"') {
      quoted = !quoted;
    } else {
      if (quoted && raw[at] == '\\' && at + 1 < raw.size()) ++at;
      bare += raw[at];
    }
  }
  return codec::decode_words(bare);
}

std::string as_utf8(std::string_view bytes) {
  std::string text;
  codec::append_undeclared(text, bytes);
  return text;
}

/// The end of the encoded word that begins `text`, or zero. Looks no further than the next question mark of a kind, so
/// that a line full of beginnings costs one pass.
std::size_t encoded_word_end(std::string_view text) {
  if (!text.starts_with("=?")) return 0;
  const auto is_token = [](char c) {
    return codec::is_letter(c) || codec::is_digit(c) || std::string_view("-_.:+*").contains(c);
  };
  std::size_t at = 2;
  while (at < text.size() && is_token(text[at])) ++at;
  if (at + 2 >= text.size() || text[at] != '?' || text[at + 2] != '?') return 0;
  at += 3;
  while (at < text.size() && text[at] != '?' && !codec::is_blank(text[at])) ++at;
  return text.substr(at).starts_with("?=") ? at + 2 : 0;
}

class AddressListReader {
 public:
  explicit AddressListReader(std::string_view value) : value_{value} {}

  std::vector<Mailbox> read() {
    while (at_ < value_.size() && mailboxes_.size() < most_mailboxes) {
      const char c = value_[at_];
      if (c == '"' && quotes_close_)
        quoted_string();
      else if (c == '(' && comments_close_)
        comment();
      else if (c == '<')
        bracketed();
      else if (c == ',' || c == ';' || c == ':')
        separator(c);
      else
        plain();
    }
    end_mailbox();
    return std::move(mailboxes_);
  }

 private:
  void plain() {
    const std::size_t length = std::max<std::size_t>(encoded_word_end(value_.substr(at_)), 1);
    phrase_ += value_.substr(at_, length);
    at_ += length;
  }

  void quoted_string() {
    std::size_t end = at_ + 1;
    while (end < value_.size() && value_[end] != '"') end += value_[end] == '\\' ? 2 : 1;
    quotes_close_ = end < value_.size();
    if (quotes_close_) phrase_ += value_.substr(at_, end + 1 - at_);
    at_ = quotes_close_ ? end + 1 : at_ + 1;
  }

  void comment() {
    std::size_t end = at_;
    for (std::size_t depth = 0; end < value_.size(); ++end) {
      if (value_[end] == '\\')
        ++end;
      else if (value_[end] == '(')
        ++depth;
      else if (value_[end] == ')' && --depth == 0)
        break;
    }
    comments_close_ = end < value_.size();
    if (comments_close_) comment_ = value_.substr(at_ + 1, end - at_ - 1);
    if (!comments_close_) return plain();
    at_ = end + 1;
    // Of the blanks on both sides one is enough.
    while (phrase_.ends_with(' ') && at_ < value_.size() && codec::is_blank(value_[at_])) ++at_;
  }

  void bracketed() {
    const std::size_t begin = std::min(value_.find_first_not_of('<', at_), value_.size());
    std::size_t end = std::min(value_.find_first_of("<>", begin), value_.size());
    const bool closed = end < value_.size() && value_[end] == '>';
    if (!closed) end = std::min(value_.substr(0, end).find(',', begin), end);
    const std::string address = codec::bare_address(value_.substr(begin, end - begin));
    at_ = end;
    while (at_ < value_.size() && value_[at_] == '>') ++at_;
    comment_belongs_to_last_ = add(pending_.empty() ? phrase_ : pending_ + ',' + phrase_, address);
    pending_.clear();
    phrase_.clear();
    after_brackets_ = true;
  }

  void separator(char c) {
    ++at_;
    if (c == ':') {
      end_pending();
      if (!codec::equal_ignoring_case(codec::trim(phrase_), "mailto")) group_ = phrase_text(phrase_);
      phrase_.clear();
      return;
    }
    if (c == ',' && is_half_a_name()) {
      end_pending();
      pending_.swap(phrase_);
      return;
    }
    end_mailbox();
    if (c == ';') group_.clear();
  }

  /// `Mueller, Anna <anna@firma.example>` lacks its quotes. A local user is written in lower case.
  bool is_half_a_name() const {
    const std::string_view word = codec::trim(phrase_);
    const auto of_user = [](char c) {
      return (codec::is_letter(c) && c == codec::lower(c)) || codec::is_digit(c) ||
             std::string_view("-_.+").contains(c);
    };
    return !after_brackets_ && !word.empty() && !word.contains('@') && !std::ranges::all_of(word, of_user);
  }

  /// Ends what no brackets ended.
  void end_mailbox() {
    std::string_view text = codec::trim(phrase_);
    std::string_view word = codec::word_with_at(text);
    const auto behind = [&] { return text.substr(static_cast<std::size_t>(word.data() + word.size() - text.data())); };
    if (word.empty()) {
      end_without_at(text);
    } else if (codec::word_with_at(behind()).empty()) {
      const std::string_view before = text.substr(0, static_cast<std::size_t>(word.data() - text.data()));
      end_pending();
      add(before, codec::bare_address(word));
    } else {
      for (end_pending(); !word.empty(); text = behind(), word = codec::word_with_at(text))
        add({}, codec::bare_address(word));
    }
    pending_.clear();
    phrase_.clear();
    comment_.clear();
    after_brackets_ = false;
  }

  void end_without_at(std::string_view text) {
    if (after_brackets_) {
      if (!comment_belongs_to_last_) return;
      std::string& name = mailboxes_.back().display_name;
      if (name.empty()) name = phrase_text(comment_);
      return;
    }
    end_pending();
    const bool alone = std::ranges::none_of(text, [](char c) { return codec::is_blank(c) || c == '"'; });
    alone ? add({}, codec::bare_address(text)) : add(text, {});
  }

  /// What looked like the half of a name was none.
  void end_pending() {
    if (!pending_.empty()) add(std::exchange(pending_, {}), {});
  }

  bool add(std::string_view name, std::string_view address) {
    std::string display = phrase_text(name);
    if (display.empty()) display = phrase_text(comment_);
    comment_.clear();
    if ((display.empty() && address.empty()) || mailboxes_.size() == most_mailboxes) return false;
    mailboxes_.push_back({std::move(display), as_utf8(address), group_});
    return true;
  }

  std::string_view value_;
  std::size_t at_ = 0;
  std::vector<Mailbox> mailboxes_;
  std::string group_;
  std::string phrase_;   ///< the mailbox so far, without comments
  std::string pending_;  ///< the half of a name before a comma
  std::string comment_;
  bool after_brackets_ = false;
  bool comment_belongs_to_last_ = false;  ///< after brackets, if they held an address
  // Cleared by the first one that does not close: no later one can, and looking again would be quadratic.
  bool quotes_close_ = true;
  bool comments_close_ = true;
};

}  // namespace

std::vector<Mailbox> read_addresses(std::string_view value) {
  value = codec::trim(value);
  // Some mailers encode the whole field, addresses included.
  const bool encoded = !value.contains('@') && value.contains("=?");
  return encoded ? AddressListReader(codec::decode_words(value)).read() : AddressListReader(value).read();
}

}  // namespace mapistore::mime
