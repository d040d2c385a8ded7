#pragma once

#include <optional>

#include <mapistore/message.h>
#include <mapistore/property.h>

namespace mapistore {

// The two clocks: Time counts ns from 1970 in 64 bits with a sign, SystemTime 100 ns from 1601.

/// Rounds down. A time before 1601 is the beginning of that year.
MAPISTORE_API SystemTime to_system_time(Time time) noexcept;

/// Nothing for what Time cannot hold: it ends in 2262.
std::optional<Time> held_time(SystemTime time) noexcept;
/// The same with Time's end for what is beyond it.
MAPISTORE_API Time to_time(SystemTime time) noexcept;

}  // namespace mapistore
