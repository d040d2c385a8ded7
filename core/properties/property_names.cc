#include "core/properties/property_names.h"

#include <algorithm>
#include <array>

namespace mapistore {
namespace {

struct TypeName {
  std::uint16_t type;
  std::string_view single, multiple;
};
constexpr std::array type_names = {
    TypeName{0x02, "SHORT", "MV_SHORT"},
    TypeName{0x03, "LONG", "MV_LONG"},
    TypeName{0x04, "FLOAT", "MV_FLOAT"},
    TypeName{0x05, "DOUBLE", "MV_DOUBLE"},
    TypeName{0x06, "CURRENCY", "MV_CURRENCY"},
    TypeName{0x07, "APPTIME", "MV_APPTIME"},
    TypeName{0x0a, "ERROR", ""},
    TypeName{0x0b, "BOOLEAN", ""},
    TypeName{0x0d, "OBJECT", ""},
    TypeName{0x14, "I8", "MV_I8"},
    TypeName{0x1e, "STRING8", "MV_STRING8"},
    TypeName{0x1f, "UNICODE", "MV_UNICODE"},
    TypeName{0x40, "SYSTIME", "MV_SYSTIME"},
    TypeName{0x48, "CLSID", "MV_CLSID"},
    TypeName{0xfb, "SVREID", ""},
    TypeName{0xfd, "SRESTRICTION", ""},
    TypeName{0xfe, "ACTIONS", ""},
    TypeName{0x102, "BINARY", "MV_BINARY"},
};

}  // namespace

std::string_view type_name(PropertyType type) noexcept {
  constexpr auto multivalue = std::to_underlying(PropertyType::multivalue);
  const auto raw = std::to_underlying(type);
  const auto found = std::ranges::find(type_names, raw & ~multivalue, &TypeName::type);
  if (found == type_names.end()) return {};
  return (raw & multivalue) != 0 ? found->multiple : found->single;
}

}  // namespace mapistore
