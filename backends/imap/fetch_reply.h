#pragma once

#include <optional>

#include "backends/imap/reply.h"
#include "backends/imap/scanner.h"

namespace mapistore::imap {

/// Reads the parenthesised items of a FETCH reply into `message`, as far as they can be read; unknown ones are skipped.
/// If the text ends with the head of a body's literal, what that body is.
std::optional<BodyItem> read_fetch_items(Scanner& scanner, FetchReply& message);

/// Goes on with such a body, whose literal the text has now, and reads what follows.
std::optional<BodyItem> read_more_fetch_items(Scanner& scanner, FetchReply& message, BodyItem begun);

}  // namespace mapistore::imap
