#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/codec/charset.h"
#include "core/codec/lines.h"

namespace mapistore::codec {

/// One content line of RFC 5545 3.1 or RFC 6350 3.3. Valid until the next one is read.
struct ContentLine {
  std::string_view name;        ///< without the group of vCard (`item1.`); compare ignoring case
  std::string_view parameters;  ///< between the name and the colon, quotes as they are
  std::string_view value;       ///< still escaped

  bool is(std::string_view expected) const noexcept;

  /// Whether this line is `name:value`, as BEGIN and END lines are; ignores case and blanks around the value.
  bool is(std::string_view expected, std::string_view expected_value) const noexcept;

  /// The value of a parameter, unquoted, or empty. A parameter without name (vCard 2.1) is its own value.
  std::string_view parameter(std::string_view wanted) const noexcept;
};

/// Reads content lines, unfolded byte-wise, so that a character split by a fold is whole again.
class ContentLines {
 public:
  explicit ContentLines(std::string_view text) noexcept;

  /// Lines that are none are passed over.
  std::optional<ContentLine> next();

 private:
  /// The next line, its folds undone; a fold costs a copy.
  std::optional<std::string_view> unfolded();
  /// vCard 2.1 breaks a quoted-printable value softly, with `=` at the end and no blank on the next line.
  std::string_view join_soft_breaks(std::string_view line);

  Lines lines_;
  std::string buffer_;
};

/// The text of a value: transfer encoding, charset and escapes undone, one line of valid UTF-8.
std::string text_of(const ContentLine& line, CharsetDecoder& charsets);

/// The same for component `index` of a value structured by semicolons (N, ORG); empty if there are fewer.
std::string component_of(const ContentLine& line, std::size_t index, CharsetDecoder& charsets);

}  // namespace mapistore::codec
