#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mapistore::codec {

// The pieces that content lines are made of (RFC 5545 3.1 to 3.3, RFC 6350 3, RFC 6868), in both directions.

/// Where `wanted` first stands outside of double quotes, or the end.
std::size_t find_unquoted(std::string_view text, char wanted) noexcept;

/// A TEXT value without its escapes; `\n` is a line feed, and what is escaped without need stays.
std::string unescaped_text(std::string_view text);

/// `text` as a TEXT value: `\`, `;`, `,` and line ends escaped, CRLF and CR as line feeds.
std::string escaped_text(std::string_view text);

/// The pieces between separators that no backslash stands before; at least one. Views into `text`, still escaped.
std::vector<std::string_view> split_unescaped(std::string_view text, char separator);

/// A parameter of a content line.
struct ContentParameter {
  std::string name;                 ///< as it came; compare ignoring case
  std::vector<std::string> values;  ///< UTF-8, quotes and RFC 6868 escapes undone; at least one

  bool is(std::string_view expected) const noexcept;
};

/// The parameters in `text`, as ContentLine::parameters has them. One without a name (vCard 2.1) gets the name that it
/// lacks: ENCODING for a transfer encoding, VALUE for INLINE, URL and CONTENT-ID, else TYPE.
std::vector<ContentParameter> split_parameters(std::string_view text);

/// A value as it may stand behind `NAME=`: escaped as RFC 6868 has it, quoted where it needs to be.
std::string parameter_value(std::string_view value);

enum class Folds : bool { none, at_75_bytes };

/// A line of a file: `text` folded between characters, with `line_end` at the end of each piece.
std::string content_line(std::string_view text, std::string_view line_end, Folds folds = Folds::at_75_bytes);

}  // namespace mapistore::codec
