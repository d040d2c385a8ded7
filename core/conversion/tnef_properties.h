#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/message_object.h>

#include "core/codec/charset.h"
#include "core/codec/little_endian.h"
#include "core/codec/shared_bytes.h"

namespace mapistore::conversion {

/// Properties in the order of the stream, as MS-OXTNEF 2.1.3.4 encodes them.
struct TnefProperties {
  std::vector<Property> properties;
  std::optional<std::string_view> embedded;  ///< the TNEF stream of an attached message
  bool complete = true;                      ///< else cut short, or with a type that we cannot pass over
};

/// Reads values of one TNEF stream. Strings of its code page become UTF-8; large values refer into the stream.
class TnefValueReader {
 public:
  TnefValueReader(SharedBytes stream, std::uint32_t code_page);

  TnefProperties properties(std::string_view data);
  /// The same for each row of a table; nothing more after one that is not complete.
  std::vector<TnefProperties> rows(std::string_view data);

  /// Text of the stream's code page, as far as its NUL.
  std::string text(std::string_view bytes);
  PropertyValue text_value(std::string_view bytes);
  PropertyValue binary_value(std::string_view bytes) const;

 private:
  using Reader = codec::LittleEndianReader;

  TnefProperties list(Reader& reader);
  bool property(Reader& reader, TnefProperties& into);
  PropertyValue one(Reader& reader, PropertyType type);
  PropertyValue many(Reader& reader, PropertyType type);
  std::string variable_text(Reader& reader, PropertyType type);

  SharedBytes stream_;
  std::string charset_;
  codec::CharsetDecoder charsets_;
};

/// The properties as a bag; of those with one identity the last.
PropertyBag bag_of(std::vector<Property> properties);

}  // namespace mapistore::conversion
