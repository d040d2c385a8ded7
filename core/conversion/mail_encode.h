#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/property.h>

namespace mapistore::conversion {

inline constexpr std::string_view crlf = "\r\n", line_feed = "\n";

/// `text`, whose lines end with CRLF, with `newline` in place of it.
std::string with_newline(std::string text, std::string_view newline);

/// `bytes` as base64 in lines of 76, encoded when read.
LargeValue base64_lines(const LargeValue& bytes, std::string_view newline);

/// Bytes as the body of a part.
struct EncodedBody {
  std::string_view encoding;  ///< Content-Transfer-Encoding: "7bit", "quoted-printable", "base64"
  std::string bytes;
};

/// How a body is encoded if it can be. 8bit is for what was that before.
enum class Preferred : std::uint8_t { seven_bit, eight_bit, quoted_printable, base64 };

/// The preferred form, or else the plainest that reads back the same bytes, whatever passes them on; one whose lines
/// cannot be taken for a boundary.
EncodedBody encode_body(std::string_view bytes, std::string_view newline, Preferred preferred = Preferred::seven_bit);

/// Text whose lines all end in another way than with `newline`: with that.
std::string with_uniform_lines(std::string text, std::string_view newline, bool& changed);

/// The parts of a message that is being written.
class Pieces {
 public:
  explicit Pieces(std::string_view newline) : newline_{newline} {}

  std::string_view newline() const noexcept { return newline_; }
  /// Lines that end with CRLF here, and as the message's do there.
  void add_lines(std::string_view text);
  void add_bytes(std::string_view bytes) { text_.append(bytes); }
  void add(LargeValue content);
  LargeValue take();

 private:
  void flush();

  std::string newline_;
  std::string text_;
  std::vector<LargeValue> parts_;
};

}  // namespace mapistore::conversion
