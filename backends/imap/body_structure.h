#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "backends/imap/scanner.h"

namespace mapistore::imap {

/// Takes the value of a BODYSTRUCTURE (RFC 3501 7.4.2, RFC 9051 7.5.2): the octets of the body of each part that has no
/// parts, in the order in which they stand; a message in the message stands for its parts. Extension data, and whatever
/// else follows what is needed, may be anything. Nothing if the structure is not understood, or is deeper than 100 or
/// of more than 10,000 parts; the value is taken all the same.
std::optional<std::vector<std::uint64_t>> read_leaf_octets(Scanner& scanner);

}  // namespace mapistore::imap
