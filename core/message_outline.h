#pragma once

#include <cstdint>
#include <optional>

#include <mapistore/ability.h>

#include "core/codec/absent_content.h"

namespace mapistore {

struct OutlineLimits {
  std::uint64_t least_part = 256 * 1024;  ///< octets of a part, from which on its middle is left out
  std::size_t margin =
      1024;  ///< what stays of it at either end, at least; a line is no longer, a part of four is least
};

/// The bytes of a mail without the middle of its large attachments, which are gaps of the SharedBytes: all that
/// read_message tells of the whole is told of these too, and the same. `told` is what its medium says of it; `read` is
/// asked for what is needed beyond, a few times. What the medium says is believed only where it fits the bytes: a part
/// ends where its octets lead, and the message where its size says.
///
/// None: the message is better read whole, as less than half of it can be left out, or something does not fit.
MAPISTORE_API Result<std::optional<SharedBytes>> outline_of(PartReading::Outline told, const ReadRange& read,
                                                            const OutlineLimits& limits = {});

}  // namespace mapistore
