#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/property.h>

#include "core/codec/shared_bytes.h"
#include "core/mime/part.h"

namespace mapistore::mime {

/// The line end of a text: that of its first line; CRLF if it has none. Static storage.
std::string_view line_end_of(std::string_view text) noexcept;

/// Edits of a message: ranges of its bytes with what takes their place. All other bytes stay as they are and are not
/// copied. What is put in uses the message's line end.
///
/// Parts are those of `read_structure` of the same bytes, and stay as they were read: an edit does not show in them.
/// A field, body or part is edited once; whether the message may be edited at all (signatures) is the caller's matter.
class Splice {
 public:
  explicit Splice(SharedBytes message) : message_{std::move(message)}, line_end_{line_end_of(message_.view())} {}

  std::string_view line_end() const noexcept { return line_end_; }

  /// `range` is a view into the message; an empty one inserts. What is inserted in one place keeps its order.
  void replace(std::string_view range, LargeValue bytes);
  void replace(std::string_view range, std::string bytes);

  // Fields are whole, as writer.h makes them, with line_end().

  /// In place of the first field of this name, of which no other stays; at the header's end if there is none.
  void set_field(const Part& part, std::string_view name, std::string_view field);
  void append_field(const Part& part, std::string_view field);
  void remove_fields(const Part& part, std::string_view name);

  /// The body of a text part, in its charset and encoding as far as those can hold it; if not, as UTF-8, quoted-
  /// printable or base64, with the fields that say so.
  void replace_text(const Part& part, std::string_view utf8);

  /// The body of any part, as base64; `data` is read when the result is.
  void replace_data(const Part& part, LargeValue data);

  /// Adds a part (header, blank line, body without a line end after it) at the end of a message: into its
  /// multipart/mixed, else into a new one around all that it has, with this boundary. Any other multipart may be
  /// `whole` too. Errc::invalid_content for a multipart without boundary.
  Result<> add_part(const Part& whole, LargeValue part, std::string_view boundary);

  /// Removes a child of a multipart with the delimiter before it. In place of an only child an empty text stays, since
  /// a multipart must have one; one that loses several should keep or get another.
  void remove_part(const Part& multipart, std::size_t index);

  /// The edited message. Errc::invalid_argument if something was edited twice.
  Result<LargeValue> content() const;

 private:
  /// What comes first of edits that begin in one place.
  enum class Order : std::uint8_t { field, blank_line, body };

  struct Edit {
    std::string_view range;
    LargeValue bytes;
    Order order = Order::body;
  };

  void add(std::string_view range, std::string bytes, Order order);
  void set_encoding(const Part& part, std::string_view encoding);
  void set_charset(const Part& part, std::string_view charset);
  void wrap(const Part& root, LargeValue part, std::string boundary);
  void insert_part(const Part& multipart, LargeValue part);

  SharedBytes message_;
  std::string_view line_end_;
  std::vector<Edit> edits_;
  std::set<const char*> grown_headers_;  ///< to whose ends fields were appended
};

}  // namespace mapistore::mime
