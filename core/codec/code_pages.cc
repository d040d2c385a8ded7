#include "core/codec/code_pages.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace mapistore::codec {

std::string charset_of_code_page(std::uint32_t code_page) {
  struct Name {
    std::uint32_t code_page;
    std::string_view charset;
  };
  // Those whose charset is not called "CP" and their number.
  static constexpr std::array names{
      Name{10000, "MACINTOSH"},   Name{20127, "us-ascii"},    Name{20866, "KOI8-R"},      Name{20932, "EUC-JP"},
      Name{21866, "KOI8-U"},      Name{28591, "iso-8859-1"},  Name{28592, "ISO-8859-2"},  Name{28593, "ISO-8859-3"},
      Name{28594, "ISO-8859-4"},  Name{28595, "ISO-8859-5"},  Name{28596, "ISO-8859-6"},  Name{28597, "ISO-8859-7"},
      Name{28598, "ISO-8859-8"},  Name{28599, "ISO-8859-9"},  Name{28603, "ISO-8859-13"}, Name{28605, "ISO-8859-15"},
      Name{38598, "ISO-8859-8"},  Name{50220, "ISO-2022-JP"}, Name{50221, "ISO-2022-JP"}, Name{50222, "ISO-2022-JP"},
      Name{50225, "ISO-2022-KR"}, Name{51932, "EUC-JP"},      Name{51949, "CP949"},       Name{52936, "GB18030"},
      Name{54936, "GB18030"},     Name{65000, "UTF-7"},       Name{65001, "utf-8"},       Name{1252, "windows-1252"},
      Name{936, "GB18030"},
  };
  const auto* found = std::ranges::find(names, code_page, &Name::code_page);
  return found == names.end() ? "CP" + std::to_string(code_page) : std::string(found->charset);
}

}  // namespace mapistore::codec
