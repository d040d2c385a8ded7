#pragma once

#include <string_view>

namespace mapistore::codec {

/// The raw values of the header fields a summary is made of, folds and all. Views into the scanned bytes.
struct HeaderFields {
  std::string_view message_id;
  std::string_view date;
  std::string_view from;
  std::string_view to;
  std::string_view cc;
  std::string_view bcc;
  std::string_view subject;
};

/// One pass over the header of a mail. Of a repeated field the first with a value counts. Lines that are no field
/// (an mbox `From ` line, garbage) are passed over, as are blank lines before the first field.
HeaderFields scan_header(std::string_view head) noexcept;

}  // namespace mapistore::codec
