#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <mapistore/call.h>

#include "backends/archive/archive.h"

namespace mapistore::archive {

/// What a look at everything found.
struct Verdict {
  std::uint64_t messages = 0;  ///< that were read whole and are what was saved
  std::uint64_t damaged = 0;   ///< messages that are not
  std::uint64_t faults = 0;    ///< lines told, of messages and of all else
  std::uint64_t bytes = 0;     ///< of the messages read
};

/// Reads all of the archive, compares every message and part with its hash, and tells each fault in a line that names
/// the message. Changes nothing. Takes as long as reading all does.
Result<Verdict> verify(const Call& call, Archive& archive, const std::function<void(std::string_view)>& tell);

/// "Projects/2026" of a folder's row; sealed names that cannot be read as their numbers.
Result<std::string> folder_name(const Archive& archive, sqlite::Database& database, std::int64_t folder);

}  // namespace mapistore::archive
