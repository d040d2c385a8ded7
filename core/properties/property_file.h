#pragma once

#include <string>

#include <mapistore/call.h>
#include <mapistore/message_object.h>

#include "core/codec/shared_bytes.h"
#include "core/properties/text_sink.h"

namespace mapistore {

/// A property file (docs/formats/property_file.md): every property of a message as text, without loss.
struct PropertyFile {
  std::string message_class;
  MessageObject message;
  /// The part that is told and not taken: identity and change keys, computed properties.
  PropertyBag read_only;
};

/// How deep messages may be attached to messages in a property file.
inline constexpr std::size_t deepest_attached_message = 100;

/// Writes `file` as text: the same bytes for the same properties, on every machine. Large values are streamed, values
/// that are none left out. Errc::invalid_argument: a value is not of its type, or a tag is a mapped id.
MAPISTORE_API Result<> write_property_file(const PropertyFile& file, TextSink& sink);

/// Reads it back, strictly: a duplicate key, trailing data, an unknown escape, a value that is not of its type are
/// Errc::invalid_content, with line and column. Values above `largest_held_value` refer into `text`, which is kept.
MAPISTORE_API Result<PropertyFile> read_property_file(const SharedBytes& text);

}  // namespace mapistore
