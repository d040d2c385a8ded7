#pragma once

#include <span>
#include <string>
#include <string_view>

#include <mapistore/property.h>

#include "core/properties/text_sink.h"

namespace mapistore {

/// JSON text on its way to a sink. Small pieces are gathered; `finish` hands over the rest.
class JsonOutput {
 public:
  explicit JsonOutput(TextSink& sink) : sink_{sink} {}

  /// Punctuation, numbers and the like, as they are.
  Result<> text(std::string_view text);
  /// A string in quotes; lone surrogates of WTF-8 become `\udXXX`, bytes that are no text U+FFFD.
  Result<> string(std::string_view text);
  Result<> string(const Content& text);
  /// A string in quotes that holds base64.
  Result<> base64(std::span<const std::byte> bytes);
  Result<> base64(const Content& bytes);
  Result<> finish();

 private:
  Result<> characters(std::string_view& text, std::size_t keep);

  TextSink& sink_;
  std::string gathered_;
};

}  // namespace mapistore
