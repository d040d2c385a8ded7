#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <mapistore/object.h>

#include "backends/imap/uid_set.h"

namespace mapistore::imap {

/// How far the listing of one folder has come: what it had then, so that the next one tells what has gone.
struct ListingCursor {
  std::uint32_t uid_validity = 0;  ///< 0: it holds no messages
  Uid uid_next = 0;
  std::uint64_t modseq = 0;        ///< 0: the mailbox keeps none
  UidSet known;
  std::vector<std::string> children;  ///< keys of its folders, sorted

  Cursor to_cursor() const;
  /// Nothing if it is empty or not ours: then everything is listed.
  static std::optional<ListingCursor> of(const Cursor& cursor);
};

}  // namespace mapistore::imap
