#include "core/conversion/tnef.h"
#include "tests/fuzz/check.h"

using namespace mapistore;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Held apart, so that the sanitizer sees the end of the bytes.
  const SharedBytes bytes = SharedBytes::of(std::string(fuzz::view_of(data, size)));
  const auto result = read_tnef(bytes);
  if (!result) return 0;
  fuzz::check_message(result->message);
  fuzz::check_losses(result->losses);
  fuzz::check(result->message.attachments.size() <= most_parts, "more attachments than the limit");
  return 0;
}
