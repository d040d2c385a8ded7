#include "core/codec/encoded_words.h"

#include <algorithm>
#include <optional>

#include "core/codec/ascii.h"
#include "core/codec/charset.h"
#include "core/codec/transfer.h"
#include "core/codec/utf8.h"

namespace mapistore::codec {
namespace {

struct EncodedWord {
  std::string_view charset;  ///< without the language of RFC 2231
  char encoding = 'q';
  std::string_view text;
  std::size_t end = 0;  ///< position after the word
};

class WordDecoder {
 public:
  explicit WordDecoder(std::string_view value) noexcept : value_(value), last_end_(value.rfind("?=")) {}

  std::string decode() {
    std::size_t plain = 0;  // start of the text since the last word
    for (std::size_t at = 0; (at = value_.find("=?", at)) != std::string_view::npos;) {
      const auto word = word_at(at);
      if (!word) {
        at += 2;
        continue;
      }
      append_plain(value_.substr(plain, at - plain));
      append_word(*word);
      at = plain = word->end;
    }
    append_plain(value_.substr(plain));
    flush_words();
    return one_line(std::move(out_));
  }

 private:
  /// The word whose `=?` is at `at`. Its text may hold blanks and question marks, which is common if wrong.
  std::optional<EncodedWord> word_at(std::size_t at) const noexcept {
    const std::size_t charset = at + 2;
    const std::size_t mark = value_.find('?', charset);
    if (mark == std::string_view::npos || mark + 2 >= value_.size() || value_[mark + 2] != '?') return std::nullopt;
    const char encoding = lower(value_[mark + 1]);
    const std::size_t text = mark + 3;
    // Comparing with the last `?=` keeps a line full of beginnings linear: a search that starts here finds one.
    if ((encoding != 'q' && encoding != 'b') || last_end_ == std::string_view::npos || text > last_end_) {
      return std::nullopt;
    }
    const std::string_view name = value_.substr(charset, mark - charset);
    if (std::ranges::any_of(name, is_blank)) return std::nullopt;
    const std::size_t end = value_.find("?=", text);
    return EncodedWord{name.substr(0, name.find('*')), encoding, value_.substr(text, end - text), end + 2};
  }

  /// Blanks between two words stand for nothing.
  void append_plain(std::string_view text) {
    if (words_open_ && std::ranges::all_of(text, is_blank)) return;
    flush_words();
    append_undeclared(out_, text);
  }

  void append_word(const EncodedWord& word) {
    if (words_open_ && !equal_ignoring_case(word.charset, charset_)) flush_words();
    words_open_ = true;
    charset_ = word.charset;
    word.encoding == 'b' ? append_base64(bytes_, word.text) : append_q_encoding(bytes_, word.text);
  }

  void flush_words() {
    if (words_open_) charsets_.append(out_, charset_, bytes_);
    words_open_ = false;
    bytes_.clear();
  }

  std::string_view value_;
  std::size_t last_end_;
  std::string out_;
  CharsetDecoder charsets_;
  bool words_open_ = false;  ///< charset_ and bytes_ hold words not yet decoded
  std::string_view charset_;
  std::string bytes_;
};

}  // namespace

std::string decode_words(std::string_view value) {
  value = trim(value);
  if (value.find("=?") != std::string_view::npos) return WordDecoder(value).decode();
  std::string text;
  append_undeclared(text, value);
  return one_line(std::move(text));
}

}  // namespace mapistore::codec
