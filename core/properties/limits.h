#pragma once

#include <cstddef>

namespace mapistore {

/// Larger text and binary values are LargeValue, wherever they are read from.
inline constexpr std::size_t largest_held_value = 64 * 1024;

}  // namespace mapistore
