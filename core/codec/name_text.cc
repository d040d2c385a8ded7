#include "core/codec/name_text.h"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>

#include "core/codec/ascii.h"
#include "core/codec/utf8.h"

namespace mapistore::codec {
namespace {

struct Character {
  utf8proc_int32_t code_point = -1;  ///< negative: not UTF-8
  std::size_t length = 1;
};

/// The character in front of `text`, which is not empty.
Character front_character(std::string_view text) noexcept {
  Character character;
  const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &character.code_point);
  if (length > 0) character.length = static_cast<std::size_t>(length);
  return character;
}

std::string composed(std::string_view text) {
  std::string valid;
  append_repaired_utf8(valid, text);
  utf8proc_uint8_t* result = nullptr;
  const auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(valid.data()),
                                   static_cast<utf8proc_ssize_t>(valid.size()), &result,
                                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(result, &std::free);
  return length < 0 ? valid : std::string(reinterpret_cast<const char*>(result), static_cast<std::size_t>(length));
}

bool is_kept_ascii(char c) noexcept {
  return is_letter(c) || is_digit(c) || std::string_view(".,+=@%-").contains(c);
}

/// Marks belong to the letter before them and mean nothing without it. Invisible characters never count: two names
/// must not look the same and differ.
bool is_kept(utf8proc_int32_t code_point, bool after_letter) noexcept {
  const utf8proc_property_t* property = utf8proc_get_property(code_point);
  if (property->ignorable) return false;
  switch (property->category) {
    case UTF8PROC_CATEGORY_LU: case UTF8PROC_CATEGORY_LL: case UTF8PROC_CATEGORY_LT: case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: case UTF8PROC_CATEGORY_ND:
      return true;
    case UTF8PROC_CATEGORY_MN: case UTF8PROC_CATEGORY_MC:
      return after_letter;
    default:
      return false;
  }
}

/// Collects the characters of a name: runs become one `_`, and nothing to be stripped is put in front.
class NameWriter {
 public:
  NameWriter(std::size_t limit, Blanks blanks) : limit_(limit), strip_(blanks == Blanks::kept ? "._- " : "._-") {
    out_.reserve(limit + 8);
  }

  /// Enough is written to know where to cut.
  bool full() const noexcept { return out_.size() > limit_; }

  void keep(std::string_view character) {
    if (out_.empty() && strip_.contains(character.front())) return;
    out_ += character;
    after_letter_ = true;
  }

  void replace() {
    if (!out_.empty() && !out_.ends_with('_')) out_ += '_';
    after_letter_ = false;
  }

  bool after_letter() const noexcept { return after_letter_ && !out_.empty(); }

  std::string finish() && {
    out_.resize(grapheme_cut(out_, limit_));
    out_.erase(out_.find_last_not_of(strip_) + 1);
    return std::move(out_);
  }

 private:
  std::size_t limit_;
  std::string_view strip_;
  std::string out_;
  bool after_letter_ = false;
};

}  // namespace

std::string name_text(std::string_view text, std::size_t limit, Blanks blanks) {
  std::string normal;
  if (!is_all_ascii(text)) text = normal = composed(text);
  NameWriter writer(limit, blanks);
  while (!text.empty() && !writer.full()) {
    std::size_t length = 1;
    const char c = text.front();
    bool kept = is_kept_ascii(c) || (c == ' ' && blanks == Blanks::kept);
    if (!is_ascii(c)) {
      const Character character = front_character(text);
      length = character.length;
      kept = is_kept(character.code_point, writer.after_letter());
    }
    kept ? writer.keep(text.substr(0, length)) : writer.replace();
    text.remove_prefix(length);
  }
  return std::move(writer).finish();
}

std::size_t grapheme_cut(std::string_view text, std::size_t limit) noexcept {
  if (text.size() <= limit) return text.size();
  std::size_t boundary = 0;
  std::size_t character_start = 0;
  utf8proc_int32_t before = -1;
  utf8proc_int32_t state = 0;
  for (std::size_t at = 0; at <= limit;) {
    const Character character = front_character(text.substr(at));
    if (before >= 0 && utf8proc_grapheme_break_stateful(before, character.code_point, &state)) boundary = at;
    character_start = at;
    before = character.code_point;
    at += character.length;
  }
  return boundary > 0 ? boundary : character_start;
}

std::string legal_characters(std::string_view text) {
  std::string legal;
  while (!text.empty()) {
    const Character character = front_character(text);
    const bool control = character.code_point < 0x20 || (character.code_point >= 0x7F && character.code_point < 0xA0);
    if (control || character.code_point == '/') legal += '_';
    else legal += text.substr(0, character.length);
    text.remove_prefix(character.length);
  }
  return legal;
}

}  // namespace mapistore::codec
