#include "core/conversion/ocpf.h"
#include "tests/fuzz/check.h"

using namespace mapistore;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = conversion::read_ocpf(fuzz::view_of(data, size));
  if (read) fuzz::check_message(read->message);
  return 0;
}
