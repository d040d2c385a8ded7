#pragma once

#include <map>

#include "backends/imap/command.h"

namespace mapistore::imap {

/// Collects FETCH replies by their UIDs; what came of one message in several replies becomes one. A later one has the
/// later flags.
class Fetched : public Receiver {
 public:
  void fetch(FetchReply& message) override;

  std::map<Uid, FetchReply> messages;
};

/// The first kept body of a message in a section that begins so; empty: of all of it. Null if there is none, or the
/// server said NIL.
const std::string* body_of(const FetchReply& message, std::string_view section);

}  // namespace mapistore::imap
