#pragma once

#include <map>

#include "backends/imap/command.h"

namespace mapistore::imap {

/// Collects FETCH replies by their UIDs; what came of one message in several replies becomes one. A later one has the
/// later flags. Bodies are put where they stay as they come; one of more than `largest_body` bytes is passed over, as
/// is what makes them more than `most_bodies` together.
class Fetched : public Receiver {
 public:
  static constexpr std::uint64_t largest_body = std::uint64_t{1} << 20, most_bodies = std::uint64_t{32} << 20;

  LiteralUse body(const FetchReply& message, const BodyItem& item) override;
  void body_bytes(std::string_view bytes) override { arrived_.back()->append(bytes); }
  void fetch(FetchReply& message) override;

  std::map<Uid, FetchReply> messages;

 private:
  /// Of the reply being read, by their places in it; unset: it stands in the reply's text, or was passed over.
  std::vector<std::optional<std::string>> arrived_;
  std::uint64_t arrived_size_ = 0;
};

/// The first kept body of a message in a section that begins so; empty: of all of it. Null if there is none, or the
/// server said NIL.
const std::string* body_of(const FetchReply& message, std::string_view section);

/// What tells a message's bytes from others, as far as the server has said: EMAILID, X-GUID or X-GM-MSGID; else empty.
std::string content_id_of(const FetchReply& message);

}  // namespace mapistore::imap
