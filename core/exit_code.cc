#include "core/exit_code.h"

#include <sysexits.h>

namespace mapistore {

int exit_code(Errc code) noexcept {
  switch (code) {
    case Errc::invalid_argument: case Errc::invalid_uri: case Errc::unknown_namespace: return EX_USAGE;
    case Errc::corrupted: case Errc::invalid_content: return EX_DATAERR;
    case Errc::not_found: case Errc::not_a_folder: case Errc::is_a_folder: return EX_NOINPUT;
    case Errc::timed_out: case Errc::unreachable: case Errc::connection_refused: case Errc::disconnected:
    case Errc::busy: case Errc::incompatible: case Errc::unsupported:
      return EX_UNAVAILABLE;
    case Errc::no_space: case Errc::quota_exceeded: case Errc::read_only: case Errc::exists: return EX_CANTCREAT;
    case Errc::access_denied: case Errc::not_permitted: case Errc::authentication_failed: return EX_NOPERM;
    case Errc::invalid_configuration: return EX_CONFIG;
    default: return EX_IOERR;
  }
}

}  // namespace mapistore
