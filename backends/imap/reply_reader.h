#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/result.h>

namespace mapistore::imap {

/// What becomes of a literal.
enum class LiteralUse : std::uint8_t {
  keep,    ///< stands in the reply's text
  stream,  ///< handed on as it comes, not kept
  skip,    ///< neither
};

/// Cuts a server's bytes into replies, by counting literals; the bytes may come in any portions.
///
/// A `{n}` or `~{n}` is a literal only at the end of a line, outside of quotes, and not in a condition's text. Lines
/// may end with LF alone. Bounded: a reply's text by `Limits::text`, a literal in it by `Limits::kept` (a longer one is
/// skipped), what the sink is shown again at each literal by `Limits::shown`; streamed literals have no bound. Not
/// thread-safe. Throws nothing but std::bad_alloc.
class ReplyReader {
 public:
  struct Limits {
    std::size_t text = std::size_t{16} << 20;
    std::uint64_t kept = std::uint64_t{1} << 20;
    std::size_t shown = std::size_t{128} << 20;
  };

  /// Told what is found, from within `feed`.
  class Sink {
   public:
    virtual ~Sink() = default;
    /// A literal of `size` bytes begins; `text` is the reply so far, up to and with `{n}`.
    virtual LiteralUse literal(std::string_view text, std::span<const std::size_t> left_out, std::uint64_t size) = 0;
    /// Some bytes of a streamed literal.
    virtual void literal_bytes(std::string_view bytes) = 0;
    /// The streamed literal is complete; follows at once on `literal` for an empty one.
    virtual void literal_end() = 0;
    /// A whole reply without its line end. A literal in it is `{n}`, CR, LF and its bytes; those at `left_out` (offsets
    /// behind that LF) have no bytes. False: takes no more; `feed` returns and leaves the rest.
    virtual bool reply(std::string_view text, std::span<const std::size_t> left_out) = 0;
  };

  explicit ReplyReader(Sink& sink, Limits limits);
  explicit ReplyReader(Sink& sink);
  ReplyReader(const ReplyReader&) = delete;

  /// Takes over `bytes`; returns how many were used, which is all unless the sink wants no more. Errc::corrupted: the
  /// server breaks a bound or says what cannot be a size; nothing after it can be understood.
  Result<std::size_t> feed(std::string_view bytes);

  /// Whether the server is in the middle of a reply.
  bool is_within_reply() const noexcept { return remaining_ > 0 || !text_.empty(); }

 private:
  Result<std::size_t> feed_line(std::string_view bytes, bool& more);
  std::size_t feed_literal(std::string_view bytes);
  Result<> begin_literal(std::uint64_t size);
  void end_literal();

  Sink& sink_;
  Limits limits_;
  std::string text_;  ///< the reply so far, if it did not come in one piece
  std::vector<std::size_t> left_out_;
  std::size_t line_ = 0;         ///< where in text_ the line being read began
  std::size_t shown_ = 0;        ///< to the sink at the literals of this reply, each time from its beginning
  std::uint64_t remaining_ = 0;  ///< of the literal being read
  LiteralUse use_ = LiteralUse::keep;
};

}  // namespace mapistore::imap
