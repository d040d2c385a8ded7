#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mapistore::codec {

/// Decodes base64 piece by piece, cut anywhere. Anything outside the alphabet is passed over; padding may be missing,
/// or stand in the middle where someone joined two encodings.
class Base64Decoder {
 public:
  void append(std::string& out, std::string_view text);

 private:
  std::uint32_t bits_ = 0;
  int count_ = 0;
};

/// Appends what base64 `text` stands for.
void append_base64(std::string& out, std::string_view text);

/// Decodes a quoted-printable body (RFC 2045 6.7) piece by piece, cut anywhere. Line ends stay, soft ones and blanks
/// before them go, a stray `=` stays.
class QuotedPrintableDecoder {
 public:
  void append(std::string& out, std::string_view text, bool last);

 private:
  enum class State : std::uint8_t { text, blanks, equals, digit, soft_blanks, soft_return };

  void take(std::string& out, char c);
  /// Gives out what was held as it stands, and looks at `c` anew.
  void retake(std::string& out, char c);

  State state_ = State::text;
  std::string held_;  ///< what means something else when more is known
};

/// Appends what a quoted-printable value of one line stands for: line breaks go, a stray `=` stays.
void append_quoted_printable(std::string& out, std::string_view text);

/// The same for the Q encoding of RFC 2047, where `_` is a blank.
void append_q_encoding(std::string& out, std::string_view text);

/// `bytes` as base64 with padding, in one line.
std::string base64_of(std::string_view bytes);

}  // namespace mapistore::codec
