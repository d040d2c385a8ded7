#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mapistore::archive {

/// How a part was encoded. The numbers are part of the format.
enum class Coding : std::uint8_t { base64 = 1, quoted_printable = 2 };

/// What the encoded form of a part has beyond its bytes. With it they give the very text that was found.
struct Layout {
  Coding coding = Coding::base64;
  std::uint32_t width = 76;  ///< characters in a full line, without `prefix`; at least 1
  std::string line_end = "\r\n";
  std::string prefix;  ///< what every line but the first begins with: the blank of a folded iCalendar line

  friend bool operator==(const Layout&, const Layout&) = default;
};

/// The digits of base64 by their values (RFC 4648 4).
constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Length of the base64 form of `size` bytes.
std::uint64_t base64_size(const Layout& layout, std::uint64_t size) noexcept;
/// Where the text of byte `at`, a multiple of three, begins in it: with the line break before it, if there is one.
std::uint64_t base64_offset(const Layout& layout, std::uint64_t at) noexcept;
/// The base64 form of `bytes`, of a part in which they begin at byte `at`, a multiple of three; padded unless they are
/// whole groups.
std::string encode_base64(const Layout& layout, std::uint64_t at, std::string_view bytes);

/// Quoted-printable (RFC 2045 6.7) with lines as full as `layout.width` allows. Hard line ends stay as they are.
std::string encode_quoted_printable(const Layout& layout, std::string_view bytes);

/// The bytes of quoted-printable text, and the layout that gives just this text again; nothing if none does.
struct Decoded {
  Layout layout;
  std::string bytes;
};
std::optional<Decoded> decode_quoted_printable(std::string_view text);

}  // namespace mapistore::archive
