#include "tests/fuzz/check.h"
#include "tests/fuzz/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mapistore::fuzz::check_reading(mapistore::MessageKind::contact, mapistore::fuzz::view_of(data, size));
  return 0;
}
