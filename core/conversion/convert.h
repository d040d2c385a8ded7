#pragma once

#include <cstdint>

#include <mapistore/export.h>
#include <mapistore/message.h>
#include <mapistore/message_object.h>

#include "core/codec/shared_bytes.h"
#include "core/conversion/loss.h"
#include "core/properties/limits.h"

namespace mapistore {

// Between the bytes of a message and its properties, for every kind of message. The bytes are the truth: what is read
// from them is derived, and an edit changes the smallest part of them. Pure functions of their arguments: no clock,
// host, locale, time zone or installed zone data shows in a result. May be called from any thread.

/// Raised when the same bytes give other properties, or the same properties other bytes, than before.
inline constexpr unsigned converter_version = 1;

struct ReadMessage {
  MessageObject message;
  LossReport losses;  ///< what of the bytes no property tells
};

/// All properties, recipients and attachments that `bytes` tell. Never fails: what is not understood is reported as
/// lost, and the bytes still hold it. Time linear in `bytes`; memory bounded by the limits below and by
/// largest_held_value, whatever the size of an attachment. `name` is the file's: documents and notes are called by it.
MAPISTORE_API ReadMessage read_message(MessageKind kind, std::string_view name, const SharedBytes& bytes);

/// How far `read_message` follows a message into itself. What lies beyond stays in the bytes, and is reported.
inline constexpr std::size_t deepest_part = 100;
inline constexpr std::size_t most_parts = 10'000;

struct WrittenMessage {
  LargeValue bytes;
  LossReport losses;  ///< what of the message the bytes do not tell
};

/// The bytes of an object that has none yet: deterministic, with everything the format can tell. Errc::unsupported if
/// the kind has no format for it at all.
MAPISTORE_API Result<WrittenMessage> render_message(MessageKind kind, const MessageObject& message);

struct EditRules {
  bool break_signatures = false;  ///< edit signed or encrypted content all the same
};

/// `bytes`, of which `read_message` says `current`, changed in as few places as possible so that it says `wanted`.
/// All other bytes stay. What the format cannot tell stays untold: compare by reading again.
/// Errc::not_permitted: signed or encrypted content would change, and the rules do not allow that.
/// Errc::invalid_content: `wanted` has values that contradict each other, named in the error.
/// Errc::unsupported: recipients would change where there are more of them than `most_parts`.
MAPISTORE_API Result<WrittenMessage> edit_message(MessageKind kind, std::string_view name, const SharedBytes& bytes,
                                                  const MessageObject& current, const MessageObject& wanted,
                                                  const EditRules& rules);

}  // namespace mapistore
