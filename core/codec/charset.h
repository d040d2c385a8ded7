#pragma once

#include <iconv.h>

#include <string>
#include <string_view>
#include <vector>

namespace mapistore::codec {

/// Appends bytes of no declared charset: UTF-8 if they are, else windows-1252.
void append_undeclared(std::string& out, std::string_view bytes);

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

}  // namespace mapistore::codec
