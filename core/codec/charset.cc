#include "core/codec/charset.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/codec/ascii.h"
#include "core/codec/utf8.h"

namespace mapistore::codec {
namespace {

/// A hostile header could name a charset per word, and opening a converter is slow.
constexpr std::size_t most_converters = 8;

iconv_t const no_converter = reinterpret_cast<iconv_t>(-1);

/// 0x80..0x9F of windows-1252, as WHATWG has it: the five holes are the C1 controls.
constexpr std::array<char16_t, 32> windows_1252_middle{0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                       0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
                                                       0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                       0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

void append_windows_1252(std::string& out, std::string_view bytes) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    append_code_point(out, byte >= 0x80 && byte < 0xA0 ? windows_1252_middle[byte - 0x80] : byte);
  }
}

/// Names that mail uses for a superset of what the name stands for, or that glibc does not know.
std::string_view iconv_name(std::string_view charset) noexcept {
  struct Alias {
    std::string_view said, meant;
  };
  static constexpr std::array aliases{
      Alias{"gb2312", "GB18030"},          Alias{"gbk", "GB18030"},       Alias{"shift_jis", "CP932"},
      Alias{"ks_c_5601-1987", "CP949"},    Alias{"euc-kr", "CP949"},      Alias{"iso-8859-8-i", "ISO-8859-8"},
      Alias{"unicode-1-1-utf-7", "UTF-7"}, Alias{"iso-8859-9", "CP1254"}, Alias{"x-mac-roman", "MACINTOSH"}};
  const auto* found =
      std::ranges::find_if(aliases, [&](const Alias& alias) { return equal_ignoring_case(alias.said, charset); });
  return found == aliases.end() ? charset : found->meant;
}

bool means_windows_1252(std::string_view charset) noexcept {
  return equal_ignoring_case(charset, "iso-8859-1") || equal_ignoring_case(charset, "windows-1252");
}

/// Returns the beginning of a character that `bytes` end with, unless they are the last.
std::string_view append_converted(std::string& out, iconv_t handle, std::string_view bytes, bool last) {
  std::array<char, 512> buffer;
  char* in = const_cast<char*>(bytes.data());
  std::size_t left = bytes.size();
  for (bool done = false; !done;) {
    char* to = buffer.data();
    std::size_t room = buffer.size();
    const bool finishing = left == 0;
    if (finishing && !last) break;
    const std::size_t result =
        finishing ? iconv(handle, nullptr, nullptr, &to, &room) : iconv(handle, &in, &left, &to, &room);
    const int error = result == static_cast<std::size_t>(-1) ? errno : 0;
    out.append(buffer.data(), static_cast<std::size_t>(to - buffer.data()));
    if (error == EINVAL && !last) break;
    if (error == EILSEQ || error == EINVAL) {
      append_code_point(out, 0xFFFD);
      if (left > 0) ++in, --left;
    }
    done = finishing && error != E2BIG;
  }
  return {in, left};
}

/// no_converter when iconv does not know the charset.
iconv_t open_converter(std::string_view charset) {
  return may_be_asked_for(charset) ? iconv_open("UTF-8", std::string(iconv_name(charset)).c_str()) : no_converter;
}

/// How many of the last bytes begin a character that they do not end.
std::size_t unfinished_utf8(std::string_view bytes) noexcept {
  for (std::size_t length = 1; length <= std::min<std::size_t>(bytes.size(), 3); ++length) {
    const auto byte = static_cast<unsigned char>(bytes[bytes.size() - length]);
    if (byte < 0x80) return 0;
    if (byte >= 0xC0) return (byte >= 0xF0 ? 4u : byte >= 0xE0 ? 3u : 2u) > length ? length : 0;
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view charset) noexcept {
  return equal_ignoring_case(charset, "utf-8") || equal_ignoring_case(charset, "utf8");
}

bool may_be_asked_for(std::string_view charset) noexcept {
  constexpr std::size_t longest = 40;
  return !charset.empty() && charset.size() <= longest && std::ranges::all_of(charset, [](char c) {
    return is_letter(c) || is_digit(c) || std::string_view("-_.:+").contains(c);
  });
}

bool is_undeclared(std::string_view charset) noexcept {
  static constexpr std::array names{"", "us-ascii", "unknown-8bit", "x-unknown", "default_charset"};
  return std::ranges::any_of(names, [&](std::string_view name) { return equal_ignoring_case(charset, name); });
}

void append_undeclared(std::string& out, std::string_view bytes) {
  if (is_valid_utf8(bytes)) {
    out += bytes;
  } else {
    append_windows_1252(out, bytes);
  }
}

std::string undeclared_text(std::string_view bytes) {
  std::string text;
  append_undeclared(text, bytes);
  return text;
}

CharsetDecoder::~CharsetDecoder() {
  for (const Converter& converter : converters_) {
    if (converter.handle != no_converter) iconv_close(converter.handle);
  }
}

void CharsetDecoder::append(std::string& out, std::string_view charset, std::string_view bytes) {
  if (is_utf8(charset)) {
    append_repaired_utf8(out, bytes);
  } else if (is_undeclared(charset)) {
    append_undeclared(out, bytes);
  } else if (const Converter* known = means_windows_1252(charset) ? nullptr : converter(charset)) {
    iconv(known->handle, nullptr, nullptr, nullptr, nullptr);
    append_converted(out, known->handle, bytes, true);
  } else {
    append_windows_1252(out, bytes);
  }
}

const CharsetDecoder::Converter* CharsetDecoder::converter(std::string_view charset) {
  auto known = std::ranges::find_if(
      converters_, [&](const Converter& entry) { return equal_ignoring_case(entry.charset, charset); });
  if (known == converters_.end()) {
    if (converters_.size() == most_converters || !may_be_asked_for(charset)) return nullptr;
    known = converters_.insert(converters_.end(), {std::string(charset), open_converter(charset)});
  }
  return known->handle == no_converter ? nullptr : &*known;
}

CharsetStream::CharsetStream(std::string_view charset) : handle_{no_converter} {
  if (is_utf8(charset)) {
    reading_ = Reading::utf8;
  } else if (!is_undeclared(charset) && !means_windows_1252(charset)) {
    handle_ = open_converter(charset);
    if (handle_ != no_converter) reading_ = Reading::converted;
  }
}

CharsetStream::~CharsetStream() {
  if (handle_ != no_converter) iconv_close(handle_);
}

void CharsetStream::append(std::string& out, std::string_view bytes, bool last) {
  if (reading_ == Reading::windows_1252) return append_windows_1252(out, bytes);
  std::string joined;
  if (!rest_.empty()) {
    joined = rest_.append(bytes);
    bytes = joined;
  }
  std::string_view rest;
  if (reading_ == Reading::converted) {
    rest = append_converted(out, handle_, bytes, last);
  } else {
    rest = bytes.substr(bytes.size() - (last ? 0 : unfinished_utf8(bytes)));
    append_repaired_utf8(out, bytes.substr(0, bytes.size() - rest.size()));
  }
  rest_ = rest;
}

}  // namespace mapistore::codec
