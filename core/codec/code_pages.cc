#include "core/codec/code_pages.h"

#include <algorithm>
#include <array>

#include "core/codec/ascii.h"

namespace mapistore::codec {
namespace {

struct Numbered {
  std::uint32_t number;
  std::string_view name;
};

// The first name of a number is the one written.
constexpr std::array code_pages = {
    Numbered{65001, "utf-8"},       Numbered{65001, "utf8"},         Numbered{20127, "us-ascii"},
    Numbered{20127, "ascii"},       Numbered{28591, "iso-8859-1"},   Numbered{28591, "latin1"},
    Numbered{28592, "iso-8859-2"},  Numbered{28593, "iso-8859-3"},   Numbered{28594, "iso-8859-4"},
    Numbered{28595, "iso-8859-5"},  Numbered{28596, "iso-8859-6"},   Numbered{28597, "iso-8859-7"},
    Numbered{28598, "iso-8859-8"},  Numbered{38598, "iso-8859-8-i"}, Numbered{28599, "iso-8859-9"},
    Numbered{28603, "iso-8859-13"}, Numbered{28605, "iso-8859-15"},  Numbered{1250, "windows-1250"},
    Numbered{1251, "windows-1251"}, Numbered{1252, "windows-1252"},  Numbered{1252, "cp1252"},
    Numbered{1253, "windows-1253"}, Numbered{1254, "windows-1254"},  Numbered{1255, "windows-1255"},
    Numbered{1256, "windows-1256"}, Numbered{1257, "windows-1257"},  Numbered{1258, "windows-1258"},
    Numbered{20866, "koi8-r"},      Numbered{21866, "koi8-u"},       Numbered{932, "shift_jis"},
    Numbered{932, "shift-jis"},     Numbered{932, "windows-31j"},    Numbered{50220, "iso-2022-jp"},
    Numbered{51932, "euc-jp"},      Numbered{949, "ks_c_5601-1987"}, Numbered{51949, "euc-kr"},
    Numbered{50225, "iso-2022-kr"}, Numbered{936, "gb2312"},         Numbered{936, "gbk"},
    Numbered{54936, "gb18030"},     Numbered{52936, "hz-gb-2312"},   Numbered{950, "big5"},
    Numbered{874, "windows-874"},   Numbered{874, "tis-620"},        Numbered{437, "ibm437"},
    Numbered{850, "ibm850"},        Numbered{852, "ibm852"},         Numbered{866, "cp866"},
    Numbered{866, "ibm866"},        Numbered{10000, "macintosh"},    Numbered{65000, "utf-7"},
    Numbered{1200, "utf-16"},       Numbered{1200, "utf-16le"},      Numbered{1201, "utf-16be"},
};

// Those that mail has another number for, or reads otherwise: bytes are never of the code pages of UTF-16.
constexpr std::array others = {
    Numbered{20932, "euc-jp"},  Numbered{50221, "iso-2022-jp"}, Numbered{50222, "iso-2022-jp"},
    Numbered{52936, "gb18030"}, Numbered{1200, "CP1200"},       Numbered{1201, "CP1201"},
};

template <std::size_t size>
std::string_view name_of(const std::array<Numbered, size>& table, std::uint32_t number) noexcept {
  const auto* found = std::ranges::find(table, number, &Numbered::number);
  return found == table.end() ? std::string_view{} : found->name;
}

}  // namespace

std::optional<std::uint32_t> code_page_of(std::string_view charset) noexcept {
  for (const Numbered& entry : code_pages)
    if (equal_ignoring_case(entry.name, charset)) return entry.number;
  return std::nullopt;
}

std::string_view mime_charset_of(std::uint32_t code_page) noexcept { return name_of(code_pages, code_page); }

std::string charset_of_code_page(std::uint32_t code_page) {
  for (const std::string_view name : {name_of(others, code_page), mime_charset_of(code_page)})
    if (!name.empty()) return std::string(name);
  return "CP" + std::to_string(code_page);
}

}  // namespace mapistore::codec
