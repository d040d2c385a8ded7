#include "core/codec/rtf_deencapsulation.h"
#include "core/codec/utf8.h"
#include "tests/fuzz/check.h"

using namespace mapistore;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string rtf(fuzz::view_of(data, size));
  const auto result = codec::deencapsulate_rtf(rtf);
  if (!result) return 0;
  fuzz::check(codec::is_valid_utf8(result->content), "what was encapsulated is not UTF-8");
  // The largest replacement of a byte: U+FFFD, or a character of a code page.
  fuzz::check(result->content.size() <= 4 * rtf.size(), "what was encapsulated is longer than can be");
  fuzz::check(codec::deencapsulate_rtf(rtf) == result, "the same RTF reads differently");
  return 0;
}
