#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backends/imap/reply.h"
#include "backends/imap/reply_reader.h"

namespace mapistore::imap {

/// Reads and keeps all that a server sends.
class ReplyCollector final : public ReplyReader::Sink {
 public:
  LiteralUse literal(std::string_view text, std::span<const std::size_t> left_out, std::uint64_t size) override;
  void literal_bytes(std::string_view bytes) override { streamed += bytes; }
  void literal_end() override { ++ended; }
  bool reply(std::string_view text, std::span<const std::size_t> left_out) override;

  /// Of bodies; all other literals are kept.
  LiteralUse use = LiteralUse::keep;
  std::vector<Reply> replies;
  std::vector<PendingBody> bodies;
  std::string streamed;
  int ended = 0;

 private:
  std::optional<PendingBody> pending_;
};

/// What a reader makes of `bytes` that come in portions of so many bytes; fails the test if it makes nothing of them.
ReplyCollector read_replies(std::string_view bytes, std::size_t portion, LiteralUse use = LiteralUse::keep);

}  // namespace mapistore::imap
