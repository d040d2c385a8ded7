#pragma once

#include <unistd.h>

#include <fstream>
#include <limits>
#include <string>

namespace mapistore::testing {

/// Whether this and the daemons beside it are built with a sanitizer, which keeps what was freed and counts in its own way.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool is_sanitized = true;
#else
inline constexpr bool is_sanitized = false;
#endif

inline constexpr long unlimited = std::numeric_limits<long>::max();

/// A limit for what a process may hold; none where it is sanitized.
constexpr long memory_limit(long kib) { return is_sanitized ? unlimited : kib; }

/// The most that a process has had resident, in KiB; `unlimited` if it is not there.
inline long most_resident(pid_t process) {
  std::ifstream status{"/proc/" + std::to_string(process) + "/status"};
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stol(line.substr(line.find_first_of("0123456789")));
  return unlimited;
}

}  // namespace mapistore::testing
