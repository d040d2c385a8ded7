#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/codec/ascii.h"
#include "core/codec/lines.h"
#include "core/mime/delimiters.h"
#include "core/mime/part.h"

namespace mapistore::mime {

/// What the header belongs to: that of a message may begin with blank lines and an mbox `From ` line; a part whose
/// first line is no field has no header.
enum class HeaderOf : bool { message, part };

/// Reads the fields of a header one by one, in one pass, until a blank line, a delimiter or the end of the text.
class FieldScanner {
 public:
  /// `lines` stands at the header's first line and is read no further than the header.
  FieldScanner(std::string_view text, codec::Lines& lines, HeaderOf of, const Delimiters& delimiters) noexcept
      : text_{text}, lines_{lines}, of_{of}, delimiters_{delimiters}, begin_{lines.position()}, end_{begin_} {}

  std::optional<Field> next();

  /// The header also ends where the first delimiter of its own multipart comes without a blank line before it.
  void end_at(std::string_view boundary) { own_boundary_ = codec::trim_end(boundary); }

  // Once next() has returned nothing:
  std::size_t begin() const noexcept { return begin_; }
  std::size_t end() const noexcept { return end_; }    ///< behind the last line's end, before the blank line
  std::size_t body() const noexcept { return body_; }  ///< behind the blank line
  std::size_t read() const noexcept { return read_; }  ///< in what lies before, there is no delimiter

 private:
  /// Whether `line`, which begins at `start`, is the header's first one, or has shown that there is no header.
  bool begins_header(std::string_view line, std::size_t start);
  std::optional<Field> finish(std::size_t end, std::size_t body);
  Field field_at(std::size_t start, std::string_view line, std::size_t colon);

  std::string_view text_;
  codec::Lines& lines_;
  HeaderOf of_;
  const Delimiters& delimiters_;
  std::size_t begin_, end_, body_ = 0, read_ = 0;
  std::string own_boundary_;
  std::optional<std::size_t> after_blank_;  ///< behind the first of the blank lines passed over
  bool begun_ = false;
  bool has_fields_ = false;
  bool finished_ = false;
};

}  // namespace mapistore::mime
