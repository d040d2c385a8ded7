#include "backends/dav/random_name.h"

#include <random>
#include <string_view>

namespace mapistore::dav {

std::string random_name() {
  constexpr std::string_view digits = "0123456789abcdef";
  constexpr int words = 4, digits_of_word = 8;
  std::random_device source;  // the kernel's, as GCC has it
  std::string name;
  for (int word = 0; word < words; ++word) {
    auto bits = source();
    for (int digit = 0; digit < digits_of_word; ++digit, bits >>= 4) name += digits[bits & 15];
  }
  return name;
}

}  // namespace mapistore::dav
