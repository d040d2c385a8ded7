#pragma once

#include <cstdint>
#include <optional>

#include <mapistore/object.h>

#include "backends/imap/uid_set.h"

namespace mapistore::imap {

/// What names a message in its mailbox for good: a UID means nothing under another UIDVALIDITY (RFC 3501 2.3.1.1).
struct MessageId {
  std::uint32_t uid_validity = 0;
  Uid uid = 0;
};

/// A message, and the raw name of the mailbox that it is in.
struct Target {
  std::string mailbox;
  MessageId id;
};

/// `UIDVALIDITY.UID`, in decimal.
Key key_of(MessageId message);

/// Nothing for a key that is not ours.
std::optional<MessageId> message_of(const Key& key);

}  // namespace mapistore::imap
