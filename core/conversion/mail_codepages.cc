#include "core/conversion/mail_codepages.h"

#include <algorithm>
#include <array>

#include "core/codec/ascii.h"

namespace mapistore::conversion {
namespace {

struct Numbered {
  std::int32_t number;
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

// MS-LCID 2.2. The first tag of a number is the one written.
constexpr std::array locales = {
    Numbered{0x0401, "ar-SA"}, Numbered{0x0402, "bg-BG"}, Numbered{0x0403, "ca-ES"}, Numbered{0x0404, "zh-TW"},
    Numbered{0x0405, "cs-CZ"}, Numbered{0x0406, "da-DK"}, Numbered{0x0407, "de-DE"}, Numbered{0x0408, "el-GR"},
    Numbered{0x0409, "en-US"}, Numbered{0x040b, "fi-FI"}, Numbered{0x040c, "fr-FR"}, Numbered{0x040d, "he-IL"},
    Numbered{0x040e, "hu-HU"}, Numbered{0x040f, "is-IS"}, Numbered{0x0410, "it-IT"}, Numbered{0x0411, "ja-JP"},
    Numbered{0x0412, "ko-KR"}, Numbered{0x0413, "nl-NL"}, Numbered{0x0414, "nb-NO"}, Numbered{0x0415, "pl-PL"},
    Numbered{0x0416, "pt-BR"}, Numbered{0x0418, "ro-RO"}, Numbered{0x0419, "ru-RU"}, Numbered{0x041a, "hr-HR"},
    Numbered{0x041b, "sk-SK"}, Numbered{0x041c, "sq-AL"}, Numbered{0x041d, "sv-SE"}, Numbered{0x041e, "th-TH"},
    Numbered{0x041f, "tr-TR"}, Numbered{0x0421, "id-ID"}, Numbered{0x0422, "uk-UA"}, Numbered{0x0424, "sl-SI"},
    Numbered{0x0425, "et-EE"}, Numbered{0x0426, "lv-LV"}, Numbered{0x0427, "lt-LT"}, Numbered{0x042a, "vi-VN"},
    Numbered{0x042d, "eu-ES"}, Numbered{0x0456, "gl-ES"}, Numbered{0x0804, "zh-CN"}, Numbered{0x0807, "de-CH"},
    Numbered{0x0809, "en-GB"}, Numbered{0x080a, "es-MX"}, Numbered{0x080c, "fr-BE"}, Numbered{0x0810, "it-CH"},
    Numbered{0x0813, "nl-BE"}, Numbered{0x0814, "nn-NO"}, Numbered{0x0816, "pt-PT"}, Numbered{0x0c04, "zh-HK"},
    Numbered{0x0c07, "de-AT"}, Numbered{0x0c09, "en-AU"}, Numbered{0x0c0a, "es-ES"}, Numbered{0x0c0c, "fr-CA"},
    Numbered{0x100c, "fr-CH"}, Numbered{0x1009, "en-CA"}, Numbered{0x1409, "en-NZ"}, Numbered{0x1809, "en-IE"},
    Numbered{0x4009, "en-IN"}, Numbered{0x0007, "de"},    Numbered{0x0009, "en"},    Numbered{0x000a, "es"},
    Numbered{0x000c, "fr"},    Numbered{0x0010, "it"},    Numbered{0x0011, "ja"},    Numbered{0x0013, "nl"},
    Numbered{0x0015, "pl"},    Numbered{0x0016, "pt"},    Numbered{0x0019, "ru"},    Numbered{0x001d, "sv"},
};

template <std::size_t size>
std::optional<std::int32_t> number_of(const std::array<Numbered, size>& table, std::string_view name) noexcept {
  for (const Numbered& entry : table)
    if (codec::equal_ignoring_case(entry.name, name)) return entry.number;
  return std::nullopt;
}

template <std::size_t size>
std::string_view name_of(const std::array<Numbered, size>& table, std::int32_t number) noexcept {
  const auto found = std::ranges::find(table, number, &Numbered::number);
  return found == table.end() ? std::string_view{} : found->name;
}

}  // namespace

std::optional<std::int32_t> code_page_of(std::string_view charset) noexcept { return number_of(code_pages, charset); }
std::string_view charset_of(std::int32_t code_page) noexcept { return name_of(code_pages, code_page); }
std::optional<std::int32_t> locale_id_of(std::string_view language) noexcept { return number_of(locales, language); }
std::string_view language_of(std::int32_t locale_id) noexcept { return name_of(locales, locale_id); }

}  // namespace mapistore::conversion
