#pragma once

#include <functional>
#include <string_view>

#include <mapistore/message_object.h>

#include "core/conversion/loss.h"
#include "core/node.h"

namespace mapistore {

// What a user set of a message that its bytes cannot tell is kept beside it in the index, and in its medium where that
// can (Profile::keeps_properties): then the index only has a copy. Rows of part "" are single properties, those of
// "recipients" and "attachments" a whole list. See docs/formats/index.md.

inline constexpr std::string_view recipients_part = "recipients";
inline constexpr std::string_view attachments_part = "attachments";

/// What bytes and side store tell together. Errc::corrupted: a row is not what this program writes.
MAPISTORE_API Result<MessageObject> overlay(MessageObject derived, const SideProperties& side);

/// What of the message is in the side store alone, and so is lost to who takes the bytes elsewhere than within this
/// store.
MAPISTORE_API void report_side(const SideProperties& side, LossReport& losses);

/// The rows after a change: `side` as it is now, `shown` what the user saw, `wanted` what he made of it, `derived` what
/// the bytes tell after the change. What he did not touch follows the bytes. State and computed properties are none of
/// its business: `concerns` says which are.
MAPISTORE_API Result<SideProperties> difference(const SideProperties& side, const MessageObject& shown,
                                                const MessageObject& wanted, const MessageObject& derived,
                                                const std::function<bool(const PropertyId&)>& concerns);

/// What of them still holds when the message has got other bytes: not lists, nor what was taken away.
MAPISTORE_API SideProperties settled(SideProperties side);

}  // namespace mapistore
