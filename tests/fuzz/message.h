#pragma once

#include <string_view>

#include "core/conversion/convert.h"

namespace mapistore::fuzz {

/// What holds for the bytes of every message: `convert.h` promises it.
void check_reading(MessageKind kind, std::string_view input);

}  // namespace mapistore::fuzz
