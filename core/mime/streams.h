#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/property.h>

#include "core/codec/shared_bytes.h"

namespace mapistore::mime {

/// One step between the bytes of a part and what they mean, or back. Takes bytes piece by piece, cut anywhere.
class Step {
 public:
  virtual ~Step() = default;

  /// Appends to `out` what is known of the result; with the `last` piece, which may be empty, all of it.
  virtual void append(std::string& out, std::string_view piece, bool last) = 0;
};

using Steps = std::vector<std::unique_ptr<Step>>;

/// Runs `text` through all of `steps` at once.
std::string run_steps(const Steps& steps, std::string_view text);

/// What `source` becomes by the steps that `steps` makes, one set for each reader. Holds a piece at a time.
LargeValue stepped_content(LargeValue source, std::function<Steps()> steps);

/// One after the other. No value is null.
LargeValue joined_content(std::vector<LargeValue> parts);

}  // namespace mapistore::mime
