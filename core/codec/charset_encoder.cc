#include "core/codec/charset_encoder.h"

#include <iconv.h>

#include <array>
#include <cerrno>

#include "core/codec/ascii.h"
#include "core/codec/charset.h"
#include "core/codec/utf8.h"

namespace mapistore::codec {
namespace {

std::optional<std::string> converted(iconv_t handle, std::string_view text) {
  std::string out;
  std::array<char, 4096> buffer{};
  char* in = const_cast<char*>(text.data());  // iconv does not write there
  std::size_t left = text.size();
  for (bool flushing = false;;) {
    char* to = buffer.data();
    std::size_t room = buffer.size();
    const std::size_t result =
        flushing ? ::iconv(handle, nullptr, nullptr, &to, &room) : ::iconv(handle, &in, &left, &to, &room);
    const int error = errno;
    out.append(buffer.data(), buffer.size() - room);
    if (result == static_cast<std::size_t>(-1)) {
      if (error != E2BIG) return std::nullopt;
    } else if (result > 0) {  // characters that others were put for
      return std::nullopt;
    } else if (flushing) {
      return out;
    } else {
      flushing = true;
    }
  }
}

}  // namespace

std::optional<std::string> encode_charset(std::string_view charset, std::string_view text) {
  if (is_utf8(charset) || (is_undeclared(charset) && is_all_ascii(text))) return std::string(text);
  if (is_undeclared(charset) || !may_be_asked_for(charset)) return std::nullopt;
  const iconv_t handle = ::iconv_open(std::string(charset).c_str(), "UTF-8");
  if (handle == reinterpret_cast<iconv_t>(-1)) return std::nullopt;
  auto encoded = converted(handle, text);
  ::iconv_close(handle);
  // The reader takes some charsets for larger ones.
  if (!encoded) return std::nullopt;
  std::string again;
  CharsetDecoder decoder;
  decoder.append(again, charset, *encoded);
  return again == text ? encoded : std::nullopt;
}

}  // namespace mapistore::codec
