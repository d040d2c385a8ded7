#pragma once

#include <string>
#include <string_view>

#include <mapistore/property.h>

namespace mapistore::conversion {

enum class OcpfToken : std::uint8_t { end, word, variable, literal, punctuation };

/// A piece of an OCPF file.
struct OcpfPiece {
  OcpfToken token = OcpfToken::end;
  std::string_view text;  ///< of a word, a variable (without `$`), a punctuation mark
  PropertyValue value;    ///< of a literal
};

/// Splits an OCPF file into pieces, comments left out.
class OcpfLexer {
 public:
  explicit OcpfLexer(std::string_view text) : text_(text) {}

  /// Makes the next piece the current one.
  Result<> advance();
  const OcpfPiece& piece() const noexcept { return piece_; }
  bool is(OcpfToken token, std::string_view text) const noexcept {
    return piece_.token == token && piece_.text == text;
  }

  /// An error about the place where the current piece begins.
  std::unexpected<Error> error(std::string_view what, std::string_view hint = {},
                               Errc code = Errc::invalid_content) const;

 private:
  Result<> skip_blanks();
  Result<> skip_comment();
  Result<> read_text(std::size_t quote);
  Result<> read_time();
  Result<> read_number();
  std::string_view rest() const noexcept { return text_.substr(position_); }

  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t begin_ = 0;  ///< of the current piece
  OcpfPiece piece_;
};

}  // namespace mapistore::conversion
