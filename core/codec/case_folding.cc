#include "core/codec/case_folding.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "core/codec/ascii.h"
#include "core/codec/utf8.h"

namespace mapistore::codec {

std::string folded_case(std::string_view text) {
  std::string folded;
  if (is_all_ascii(text)) {
    folded.resize(text.size());
    std::ranges::transform(text, folded.begin(), lower);
    return folded;
  }
  append_repaired_utf8(folded, text);
  utf8proc_uint8_t* result = nullptr;
  const auto length = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(folded.data()), static_cast<utf8proc_ssize_t>(folded.size()), &result,
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(result, &std::free);
  if (length < 0) return folded;
  return {reinterpret_cast<const char*>(result), static_cast<std::size_t>(length)};
}

}  // namespace mapistore::codec
