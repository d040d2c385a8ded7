#include "core/codec/charset_encoder.h"

#include <iconv.h>

#include <array>
#include <cerrno>

#include "core/codec/ascii.h"
#include "core/codec/charset.h"
#include "core/codec/utf8.h"

namespace mapistore::codec {
namespace {

/// Whether iconv may be asked for it: options come after a slash, and the empty name is the locale's charset.
bool is_name(std::string_view charset) noexcept {
  return !charset.empty() && charset.size() < 40 &&
         std::ranges::all_of(
             charset, [](char c) { return is_letter(c) || is_digit(c) || std::string_view("-_.:+").contains(c); });
}

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
    } else if (flushing) {
      return out;
    } else {
      flushing = true;
    }
  }
}

}  // namespace

std::optional<std::string> encode_charset(std::string_view charset, std::string_view text) {
  if (equal_ignoring_case(charset, "utf-8")) return std::string(text);
  if (equal_ignoring_case(charset, "us-ascii"))
    return is_all_ascii(text) ? std::optional(std::string(text)) : std::nullopt;
  if (!is_name(charset)) return std::nullopt;
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
