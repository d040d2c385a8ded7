#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "core/properties/property_file.h"

namespace mapistore {

class StringSink final : public TextSink {
 public:
  Result<> write(std::string_view piece) override {
    text += piece;
    largest_piece = std::max(largest_piece, piece.size());
    return {};
  }

  std::string text;
  std::size_t largest_piece = 0;
};

inline Binary binary(std::string_view bytes) {
  const auto view = std::as_bytes(std::span(bytes));
  return {view.begin(), view.end()};
}

}  // namespace mapistore
