#pragma once

#include <mapistore/export.h>
#include <mapistore/result.h>

#include "core/conversion/convert.h"

namespace mapistore {

/// The message in a TNEF stream (application/ms-tnef, winmail.dat; MS-OXTNEF) with its recipients and attachments.
///
/// What is damaged is passed over and reported as lost; a wrong checksum is reported and its data are taken. Large
/// values refer into `bytes`. Time linear in them, for each level of embedding. Errc::invalid_content: no TNEF.
MAPISTORE_API Result<ReadMessage> read_tnef(const SharedBytes& bytes);

/// How deep messages in messages are followed; a deeper one stays an attachment of bytes, and is reported.
inline constexpr std::size_t deepest_tnef = 32;

}  // namespace mapistore
