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
constexpr std::size_t longest_charset_name = 40;

iconv_t const no_converter = reinterpret_cast<iconv_t>(-1);

/// 0x80..0x9F of windows-1252, as WHATWG has it: the five holes are the C1 controls.
constexpr std::array<char16_t, 32> windows_1252_middle{
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

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
      Alias{"gb2312", "GB18030"},        Alias{"gbk", "GB18030"},         Alias{"shift_jis", "CP932"},
      Alias{"ks_c_5601-1987", "CP949"},  Alias{"euc-kr", "CP949"},        Alias{"iso-8859-8-i", "ISO-8859-8"},
      Alias{"unicode-1-1-utf-7", "UTF-7"}, Alias{"iso-8859-9", "CP1254"}, Alias{"x-mac-roman", "MACINTOSH"}};
  const auto* found =
      std::ranges::find_if(aliases, [&](const Alias& alias) { return equal_ignoring_case(alias.said, charset); });
  return found == aliases.end() ? charset : found->meant;
}

bool means_windows_1252(std::string_view charset) noexcept {
  return equal_ignoring_case(charset, "iso-8859-1") || equal_ignoring_case(charset, "windows-1252");
}

bool means_nothing(std::string_view charset) noexcept {
  static constexpr std::array names{"", "us-ascii", "unknown-8bit", "x-unknown", "default_charset"};
  return std::ranges::any_of(names, [&](std::string_view name) { return equal_ignoring_case(charset, name); });
}

/// iconv takes options after a slash, and the empty name for the locale's charset.
bool may_be_asked_for(std::string_view charset) noexcept {
  return !charset.empty() && charset.size() <= longest_charset_name && std::ranges::all_of(charset, [](char c) {
    return is_letter(c) || is_digit(c) || std::string_view("-_.:+").contains(c);
  });
}

void append_converted(std::string& out, iconv_t handle, std::string_view bytes) {
  std::array<char, 512> buffer;
  char* in = const_cast<char*>(bytes.data());
  std::size_t left = bytes.size();
  iconv(handle, nullptr, nullptr, nullptr, nullptr);
  for (bool done = false; !done;) {
    char* to = buffer.data();
    std::size_t room = buffer.size();
    const bool finishing = left == 0;
    const std::size_t result = finishing ? iconv(handle, nullptr, nullptr, &to, &room)
                                         : iconv(handle, &in, &left, &to, &room);
    const int error = result == static_cast<std::size_t>(-1) ? errno : 0;
    out.append(buffer.data(), static_cast<std::size_t>(to - buffer.data()));
    if (error == EILSEQ || error == EINVAL) {
      append_code_point(out, 0xFFFD);
      if (left > 0) ++in, --left;
    }
    done = finishing && error != E2BIG;
  }
}

}  // namespace

void append_undeclared(std::string& out, std::string_view bytes) {
  if (is_valid_utf8(bytes)) {
    out += bytes;
  } else {
    append_windows_1252(out, bytes);
  }
}

CharsetDecoder::~CharsetDecoder() {
  for (const Converter& converter : converters_) {
    if (converter.handle != no_converter) iconv_close(converter.handle);
  }
}

void CharsetDecoder::append(std::string& out, std::string_view charset, std::string_view bytes) {
  if (equal_ignoring_case(charset, "utf-8") || equal_ignoring_case(charset, "utf8")) {
    append_repaired_utf8(out, bytes);
  } else if (means_nothing(charset)) {
    append_undeclared(out, bytes);
  } else if (means_windows_1252(charset)) {
    append_windows_1252(out, bytes);
  } else if (const Converter* known = converter(charset)) {
    append_converted(out, known->handle, bytes);
  } else {
    append_windows_1252(out, bytes);
  }
}

const CharsetDecoder::Converter* CharsetDecoder::converter(std::string_view charset) {
  auto known = std::ranges::find_if(
      converters_, [&](const Converter& entry) { return equal_ignoring_case(entry.charset, charset); });
  if (known == converters_.end()) {
    if (converters_.size() == most_converters || !may_be_asked_for(charset)) return nullptr;
    iconv_t const handle = iconv_open("UTF-8", std::string(iconv_name(charset)).c_str());
    known = converters_.insert(converters_.end(), {std::string(charset), handle});
  }
  return known->handle == no_converter ? nullptr : &*known;
}

}  // namespace mapistore::codec
