#pragma once

#include <string_view>

#include <mapistore/result.h>

namespace mapistore {

/// Takes the text of a file piece by piece. Errors end the writing.
class TextSink {
 public:
  virtual ~TextSink() = default;
  virtual Result<> write(std::string_view text) = 0;
};

}  // namespace mapistore
