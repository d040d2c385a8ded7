#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "core/store.h"

namespace mapistore::fs {

/// What the owner of a mount asks of it by writing into `.mapistorefs/control`: one JSON object a write. The answers
/// are read from the same file, each under the `id` that its request gave. Format: docs/formats/control.md. For the
/// reader thread alone.
class ControlRequests {
 public:
  explicit ControlRequests(Store& store) : store_{store} {}

  /// Does what `request` asks, and remembers the answer. What is no request of ours, or fails, is answered too.
  void take(std::string_view request);
  /// The last answers, as one JSON object.
  std::string answers() const;

 private:
  Store& store_;
  std::deque<std::pair<std::string, std::string>> answers_;  ///< by id, oldest first, as JSON
};

}  // namespace mapistore::fs
