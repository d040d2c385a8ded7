#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/codec/charset.h"
#include "core/codec/lines.h"

namespace mapistore::codec {

/// One content line of RFC 5545 3.1 or RFC 6350 3.3. Valid until the next one is read.
struct ContentLine {
  std::string_view group;       ///< of vCard: `item1` of `item1.TEL`; mostly empty
  std::string_view name;        ///< without the group; compare ignoring case
  std::string_view parameters;  ///< between the name and the colon, quotes as they are
  std::string_view value;       ///< still escaped
  bool folded = false;          ///< the value is a part of the text, with its folds: it is too large to be held

  bool is(std::string_view expected) const noexcept;

  /// Whether this line is `name:value`, as BEGIN and END lines are; ignores case and blanks around the value.
  bool is(std::string_view expected, std::string_view expected_value) const noexcept;

  /// The value of a parameter, unquoted, or empty. A parameter without name (vCard 2.1) is its own value.
  std::string_view parameter(std::string_view wanted) const noexcept;
};

/// A value with more text than this keeps its folds.
inline constexpr std::size_t largest_unfolded_value = std::size_t{1024} * 1024;

/// The content line that unfolded `text` is, or nothing if it is none. Views into `text`.
std::optional<ContentLine> split_content_line(std::string_view text) noexcept;

/// A line as it stands, folds and soft breaks within it.
struct FoldedLine {
  std::string_view raw;                ///< with its line end
  std::string_view text;  ///< unfolded, without the line end; before a value with folds, its beginning only.
                          ///< Valid until the next one is read
  bool copied = false;                 ///< `text` is no part of `raw`
  std::optional<ContentLine> content;  ///< views into `text`, and `raw`; nothing: no content line
};

/// Reads content lines, unfolded byte-wise, so that a character split by a fold is whole again.
class ContentLines {
 public:
  explicit ContentLines(std::string_view text) noexcept;

  /// Lines that are none are passed over.
  std::optional<ContentLine> next();
  /// Every line. A byte order mark belongs to none.
  std::optional<FoldedLine> next_folded();

 private:
  /// Undoes the folds of the line that begins with `first`, at the cost of a copy to buffer_. False: that has only the
  /// beginning of a large one, all of which is passed over.
  bool unfold(std::string_view first);
  /// vCard 2.1 breaks a quoted-printable value softly, with `=` at the end; a blank that follows belongs to the value.
  std::string_view join_soft_breaks(std::string_view first);

  std::string_view text_;
  Lines lines_;
  std::string buffer_;
};

/// The value as characters: transfer encoding and charset undone, escapes still in it. Of base64 with folds only the
/// beginning, which says what it is: it is decoded from where it stands.
std::string decoded_value(const ContentLine& line, CharsetDecoder& charsets);

/// The text of a value: transfer encoding, charset and escapes undone, one line of valid UTF-8.
std::string text_of(const ContentLine& line, CharsetDecoder& charsets);

/// The same for component `index` of a value structured by semicolons (N, ORG); empty if there are fewer.
std::string component_of(const ContentLine& line, std::size_t index, CharsetDecoder& charsets);

}  // namespace mapistore::codec
