#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mapistore::codec {

/// One piece of RTF (RTF 1.9.1, "Basic entities").
struct RtfToken {
  enum class Kind : std::uint8_t {
    begin_group,
    end_group,
    word,    ///< a control word; `text` is its name
    symbol,  ///< a control symbol; `byte` is its character
    byte,    ///< `\'hh`; `byte` is its value
    text,    ///< `text`, in the code page of its font
    binary,  ///< what follows `\bin`, in `text`
  };

  Kind kind = Kind::text;
  std::string_view text;  ///< a view into the RTF
  char byte = 0;
  std::optional<std::int32_t> parameter;  ///< of a word

  bool is(std::string_view word) const noexcept { return kind == Kind::word && text == word; }
};

/// Splits RTF into tokens, whatever the bytes; linear.
class RtfTokens {
 public:
  explicit RtfTokens(std::string_view rtf) noexcept : rtf_{rtf} {}

  std::optional<RtfToken> next() noexcept;

 private:
  RtfToken control() noexcept;
  RtfToken word() noexcept;
  std::optional<std::int32_t> parameter() noexcept;
  RtfToken byte() noexcept;

  std::string_view rtf_;
  std::size_t position_ = 0;
};

}  // namespace mapistore::codec
