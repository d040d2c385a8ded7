#pragma once

#include <mapistore/result.h>

namespace mapistore {

/// The exit code (sysexits.h) that stands for an error: what each of our programs ends with.
MAPISTORE_API int exit_code(Errc code) noexcept;

}  // namespace mapistore
