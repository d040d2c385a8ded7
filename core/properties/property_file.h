#pragma once

#include <string>

#include <mapistore/call.h>
#include <mapistore/message_object.h>

#include "core/codec/shared_bytes.h"

namespace mapistore {

/// A property file (docs/formats/property_file.md): every property of a message as text, without loss.
struct PropertyFile {
  std::string message_class;
  MessageObject message;
  /// The part that is told and not taken: identity and change keys, computed properties.
  PropertyBag read_only;
};

/// Takes the text of a file piece by piece. Errors end the writing.
class TextSink {
 public:
  virtual ~TextSink() = default;
  virtual Result<> write(std::string_view text) = 0;
};

/// Writes `file` as text: the same bytes for the same properties, on every machine. Large values are streamed.
MAPISTORE_API Result<> write_property_file(const PropertyFile& file, TextSink& sink);

/// Reads it back, strictly: a duplicate key, trailing data, an unknown escape, a value that is not of its type are
/// Errc::invalid_content, with line and column. Values above `largest_held_value` refer into `text`, which is kept.
MAPISTORE_API Result<PropertyFile> read_property_file(const SharedBytes& text);

}  // namespace mapistore
