#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <mapistore/message.h>

#include "backends/imap/mailbox_name.h"

namespace mapistore::imap {

/// Flags and keywords as they are sent (RFC 3501 2.3.2). Their case does not matter. Among them, behind a `%` that none
/// has, what else a server says of a message's state: Gmail's labels (X-GM-LABELS), as keywords are written.
using Flags = std::vector<std::string>;

/// The state that flags mean. Keywords are categories but for `$Forwarded`, and `$Important` (RFC 8457) and
/// `$LowImportance`, which are the importance; what no client sets, such as \Recent and \Deleted, is left out.
State state_of(const Flags& flags);

/// What a server keeps categories, and that something is important, as.
enum class Marking : std::uint8_t { keywords, labels };

/// The flags of a state. A category that is no atom is written in modified UTF-7, so that any text comes back.
Flags flags_of(const State& state, Marking marking = Marking::keywords);

/// `flags` with the labels that Gmail tells, names of mailboxes in `encoding`. Of its own only \Important is one:
/// \Starred is a flag too, and the others say where the message is, which folders show.
Flags with_labels(Flags flags, const std::vector<std::string>& labels, NameEncoding encoding);
/// What of `flags` is sent as flags.
Flags without_labels(const Flags& flags);
/// What of them is sent as labels. Errc::invalid_argument: a category that can be none.
Result<std::vector<std::string>> labels_among(const Flags& flags, NameEncoding encoding);

/// What of a message's flags a change of is a change of: in lower case, sorted, without \Recent.
std::string flags_text(const Flags& flags);
Flags flags_of_text(std::string_view text);

/// What makes flags mean `state`. Those that mean nothing to a state stay as they are.
struct FlagsChange {
  Flags added, removed;
};
FlagsChange flags_change(const Flags& from, const State& to, Marking marking = Marking::keywords);

/// `(\Seen \Flagged)`.
std::string in_parentheses(const Flags& flags);

/// Whether a mailbox that says so of PERMANENTFLAGS keeps `flag`.
bool is_kept(std::string_view flag, const Flags& permanent_flags);

}  // namespace mapistore::imap
