#pragma once

#include <mapistore/restriction.h>

#include "core/node.h"

namespace mapistore {

struct MessageView;

enum class Truth : std::uint8_t { no, yes, unknown };

/// Whether a message satisfies `restriction`, by what the index has of it. That is the last word on its time
/// (PidTagMessageDeliveryTime, of every kind the file's), state and kind; texts are unknown to it.
MAPISTORE_API Truth matches(const Restriction& restriction, const StoredMessage& message);

/// What of `restriction` the index cannot always tell, as far as that can be told apart: the rest of a conjunction.
MAPISTORE_API Restriction without_indexed(const Restriction& restriction);

/// The same by all that the message says. Texts are compared without case, as Unicode folds it; of a body in HTML the
/// markup counts, too.
MAPISTORE_API bool matches(const Restriction& restriction, const MessageView& view);

}  // namespace mapistore
