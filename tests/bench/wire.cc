// A wire of a given length to a server on this machine, for measurements: wire SERVER_PORT ROUND_TRIP_MS. Prints its
// own port, and ends with its standard input.
#include <chrono>
#include <cstdlib>
#include <iostream>

#include "tests/support/wire_proxy.h"

int main(int count, char** words) {
  if (count != 3) {
    std::cerr << "usage: wire SERVER_PORT ROUND_TRIP_MS\n";
    return 64;
  }
  const auto port = static_cast<std::uint16_t>(std::atoi(words[1]));
  const std::chrono::milliseconds round_trip{std::atoi(words[2])};
  const mapistore::testing::WireProxy wire{port, round_trip};
  std::cout << wire.port() << std::endl;
  while (std::cin.get() != std::char_traits<char>::eof()) continue;
  return 0;
}
