#pragma once

#include <mapistore/message.h>

#include "backends/archive/contents.h"

namespace mapistore::archive {

/// Packs the bytes of `body`: parts apart, all compressed and sealed. A large message's frames are written on the way,
/// so that little more than 2 MiB are held; whoever does not store them discards them. What the parts would not give
/// again bit by bit is packed as it is.
///
/// Blocks on the body and the disk, until `call` ends at most.
Result<NewMessage> pack(const Call& call, Archive& archive, Body& body);

/// Discards what `pack` wrote of a message that could not be stored.
void give_up(Archive& archive, const NewMessage& message);

}  // namespace mapistore::archive
