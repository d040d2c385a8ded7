#pragma once

#include <iconv.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mapistore::codec {

/// Appends bytes of no declared charset: UTF-8 if they are, else windows-1252.
void append_undeclared(std::string& out, std::string_view bytes);
/// The same as a text of its own.
std::string undeclared_text(std::string_view bytes);

/// Turns declared charsets into UTF-8 and keeps the converters it opened. Not thread-safe; made per message.
class CharsetDecoder {
 public:
  CharsetDecoder() = default;
  CharsetDecoder(const CharsetDecoder&) = delete;
  CharsetDecoder& operator=(const CharsetDecoder&) = delete;
  ~CharsetDecoder();

  /// Appends `bytes` of `charset` as UTF-8, what is invalid there as U+FFFD. An unknown charset is read as
  /// windows-1252, as is iso-8859-1, which real mail says when it means that.
  void append(std::string& out, std::string_view charset, std::string_view bytes);

 private:
  struct Converter {
    std::string charset;
    iconv_t handle;
  };

  /// Null when iconv does not know the charset.
  const Converter* converter(std::string_view charset);

  std::vector<Converter> converters_;
};

/// Turns a long text of one charset into UTF-8 piece by piece, cut anywhere; reads it as CharsetDecoder does. Whether
/// an undeclared text is UTF-8 shows only at its end: the caller says which it is.
class CharsetStream {
 public:
  explicit CharsetStream(std::string_view charset);
  CharsetStream(const CharsetStream&) = delete;
  CharsetStream& operator=(const CharsetStream&) = delete;
  ~CharsetStream();

  void append(std::string& out, std::string_view bytes, bool last);

 private:
  enum class Reading : std::uint8_t { utf8, windows_1252, converted };

  Reading reading_ = Reading::windows_1252;
  iconv_t handle_;
  std::string rest_;  ///< the beginning of a character
};

/// Whether `charset` tells nothing, so that the bytes must.
bool is_undeclared(std::string_view charset) noexcept;

bool is_utf8(std::string_view charset) noexcept;

/// Whether iconv may be asked for it: it takes options after a slash, and the empty name for the locale's charset.
bool may_be_asked_for(std::string_view charset) noexcept;

}  // namespace mapistore::codec
