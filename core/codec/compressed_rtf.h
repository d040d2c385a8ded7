#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <mapistore/export.h>
#include <mapistore/result.h>

namespace mapistore::codec {

/// The RTF in a value of PidTagRtfCompressed (MS-OXRTFCP). Bytes behind the declared size are passed over.
/// Errc::corrupted: no such value, cut short, or its checksum differs. Errc::too_large: more than `limit` bytes of RTF.
MAPISTORE_API Result<std::string> decompress_rtf(std::string_view compressed, std::size_t limit);

/// The reverse, deterministic and linear in `rtf`. Errc::too_large: the sizes do not fit into the format's 32 bits.
MAPISTORE_API Result<std::string> compress_rtf(std::string_view rtf);

}  // namespace mapistore::codec
