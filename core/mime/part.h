#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/export.h>

namespace mapistore::mime {

/// One header field as it stands in the bytes. All are views into them.
struct Field {
  std::string_view whole;  ///< from the name to behind the last line end
  std::string_view name;
  std::string_view value;  ///< raw: folds, encoded words and comments as they are; without the last line end

  bool is(std::string_view expected) const noexcept;  ///< ignores case
};

/// Content-Transfer-Encoding (RFC 2045 6); `unknown` is read as it stands.
enum class Encoding : std::uint8_t { identity, base64, quoted_printable, uuencode, unknown };

/// What a part's fields say about it; decoded, lower case where case means nothing.
struct ContentType {
  std::string type = "text";      ///< "multipart"
  std::string subtype = "plain";  ///< "mixed"
  std::string charset;
  std::string boundary;
  std::string name;            ///< of `name`, RFC 2231 and RFC 2047 undone
  bool format_flowed = false;  ///< RFC 3676
  bool delete_space = false;

  bool is(std::string_view wanted_type, std::string_view wanted_subtype) const noexcept;
};

/// One node of a message's structure (RFC 2045, 2046): views into the message's bytes, nothing decoded but what the
/// structure needs.
struct Part {
  std::string_view whole;   ///< header, blank line and body
  std::string_view header;  ///< the fields with their line ends, without the blank line that ends them
  std::string_view body;    ///< as it stands, still encoded; without the line end that belongs to the next boundary
  ContentType type;
  Encoding encoding = Encoding::identity;
  std::string disposition;     ///< "inline", "attachment", ... ; empty: not said
  std::string file_name;       ///< of Content-Disposition, else of Content-Type; decoded, as it came otherwise
  std::string content_id;      ///< without brackets
  std::vector<Part> children;  ///< of a multipart in order; of message/rfc822 the one message
  bool verbatim = false;   ///< it or what it lies in is signed or encrypted (RFC 1847, 8551): must not be re-encoded
  bool truncated = false;  ///< the limits ended here: children are missing

  bool is_multipart() const noexcept { return type.type == "multipart"; }
};

struct Limits {
  std::size_t depth = 100;
  std::size_t parts = 10'000;
};

/// The structure of `message`. Never fails, whatever the bytes; time linear in them. An encoded message/rfc822 has no
/// children: its content is to be decoded, then read.
MAPISTORE_API Part read_structure(std::string_view message, const Limits& limits = {});

/// The fields of a header block in order, up to a blank line; lines that are no field (an mbox `From ` line, garbage)
/// are passed over. At most 100,000.
std::vector<Field> read_fields(std::string_view header);

/// The first field of this name, or null.
const Field* find_field(const std::vector<Field>& fields, std::string_view name) noexcept;

/// An address, or a group of them (RFC 5322 3.4).
struct Mailbox {
  std::string display_name;  ///< decoded; empty: none
  std::string address;       ///< addr-spec; empty for what has none
  std::string group;         ///< the name of the group that it stands in; empty: none
};

/// All mailboxes in the raw value of an address field, in order, at most 100,000; missing brackets, quotes and commas
/// are forgiven.
std::vector<Mailbox> read_addresses(std::string_view value);

}  // namespace mapistore::mime
