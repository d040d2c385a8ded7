#include "core/conversion/locale_ids.h"

#include <algorithm>
#include <array>

#include "core/codec/ascii.h"

namespace mapistore::conversion {
namespace {

struct Numbered {
  std::int32_t number;
  std::string_view name;
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

}  // namespace

std::optional<std::int32_t> locale_id_of(std::string_view language) noexcept {
  for (const Numbered& entry : locales)
    if (codec::equal_ignoring_case(entry.name, language)) return entry.number;
  return std::nullopt;
}

std::string_view language_of(std::int32_t locale_id) noexcept {
  const auto* found = std::ranges::find(locales, locale_id, &Numbered::number);
  return found == locales.end() ? std::string_view{} : found->name;
}

}  // namespace mapistore::conversion
