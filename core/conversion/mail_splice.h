#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <mapistore/property.h>

#include "core/conversion/mail_encode.h"
#include "core/codec/shared_bytes.h"

namespace mapistore::conversion {

/// Bytes of which some parts are replaced; what lies between stays as it is and is not copied.
class Splice {
 public:
  explicit Splice(SharedBytes bytes) : bytes_{std::move(bytes)} {}

  /// `old` is a part of the bytes, and of no other that is replaced; empty: to insert there, behind what was inserted
  /// before.
  void replace(std::string_view old, LargeValue content) { edits_.push_back({old, std::move(content)}); }
  void replace(std::string_view old, std::string text) { replace(old, held_content(std::move(text))); }

  bool is_empty() const noexcept { return edits_.empty(); }
  LargeValue take();

 private:
  struct Edit {
    std::string_view old;
    LargeValue content;
  };

  SharedBytes bytes_;
  std::vector<Edit> edits_;
};

}  // namespace mapistore::conversion
