#pragma once

#include <string_view>

#include <mapistore/property.h>

#include "core/codec/shared_bytes.h"

namespace mapistore::conversion {

// Bytes that stand as base64 in a content line: an ATTACH, a PHOTO.

/// The value of the line that stands as `raw` in a file, with its folds, which base64 passes over.
std::string_view raw_value(std::string_view raw) noexcept;

/// What `text` stands for: Binary, or a LargeValue that is decoded piece by piece as it is read.
PropertyValue base64_value(const SharedBytes& text);

}  // namespace mapistore::conversion
