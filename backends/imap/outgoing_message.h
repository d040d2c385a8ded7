#pragma once

#include <cstdint>
#include <string>

#include <mapistore/message.h>

#include "backends/imap/command.h"

namespace mapistore::imap {

/// What a server keeps of a message as it is sent.
struct ByteRules {
  bool raw_headers = false;   ///< octets beyond ASCII in header fields
  bool utf8_headers = false;  ///< UTF-8 in header fields, if told that it is (RFC 6855 4)
};

/// A message's bytes as they go to a server: every line ends in CRLF (RFC 3501 2.2.2, RFC 5322 2.1).
class OutgoingMessage final : public LiteralSource {
 public:
  /// Reads all of `body`, which outlives the message, to know what it will send. Errc::invalid_content for what a
  /// server would not keep as it is, which is NUL, octets beyond ASCII in the header unless the rules allow them, and
  /// a message without a header.
  static Result<OutgoingMessage> of(const Call& call, Body& body, std::string_view name, const ByteRules& rules);

  std::uint64_t size() const noexcept { return size_; }
  /// SHA-256 of what is sent.
  const std::string& digest() const noexcept { return digest_; }
  /// Whether the server must be told that there is UTF-8 in its header.
  bool needs_utf8() const noexcept { return needs_utf8_; }

  Result<std::size_t> read(const Call& call, std::span<std::byte> out) override;
  /// Begins again, for another attempt to send it.
  void rewind() noexcept;

 private:
  explicit OutgoingMessage(Body& body) : body_{&body} {}
  /// The next piece of the body with its line ends mended; empty at the end.
  Result<std::string_view> next(const Call& call);

  Body* body_;
  std::uint64_t size_ = 0, offset_ = 0;
  std::string digest_;
  std::string raw_, piece_;
  std::size_t taken_ = 0;  ///< of piece_
  bool after_cr_ = false, needs_utf8_ = false;
};

}  // namespace mapistore::imap
