#include "core/codec/compressed_rtf.h"
#include "tests/fuzz/check.h"

using namespace mapistore;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t limit = 1 << 20;
  const std::string_view input = fuzz::view_of(data, size);
  const auto compressed = codec::compress_rtf(input);
  fuzz::check(compressed.has_value(), "bytes cannot be compressed");
  fuzz::check(codec::decompress_rtf(*compressed, limit) == input, "compressed bytes do not come back");
  if (const auto rtf = codec::decompress_rtf(input, limit)) {
    fuzz::check(rtf->size() <= limit, "more came out than the limit");
    fuzz::check(codec::decompress_rtf(codec::compress_rtf(*rtf).value(), limit) == *rtf, "RTF does not come back");
  }
  return 0;
}
