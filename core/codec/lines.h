#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

namespace mapistore::codec {

/// Splits text into lines, in time linear in the text. A line ends with LF, CRLF, CRCRLF (a transfer gone wrong)
/// or a CR on its own; the last one may end with nothing. Lines are views into the text, without their end.
class Lines {
 public:
  explicit Lines(std::string_view text) noexcept : text_(text) {}

  std::optional<std::string_view> next() noexcept;

  /// Where the next line begins.
  std::size_t position() const noexcept { return std::min(position_, text_.size()); }
  /// Goes on there. Requires that it is not before the line last read.
  void seek(std::size_t position) noexcept { position_ = position; }

  /// Whether the next line begins with a blank or tab, that is, continues this one in every format we read.
  bool next_continues() const noexcept {
    return position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\t');
  }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
  // The nearest LF and CR at or after position_, so that a text with only one of the two is not searched for the
  // other again at each line.
  std::size_t line_feed_ = 0;
  std::size_t carriage_return_ = 0;
  bool searched_ = false;
};

}  // namespace mapistore::codec
