#pragma once

#include "core/codec/shared_bytes.h"
#include "core/conversion/loss.h"
#include "core/conversion/mail_layout.h"

#include <mapistore/message_object.h>

namespace mapistore::conversion {

/// The attachment at `place`, of a message at `depth` in the file whose bytes are `bytes`.
Attachment read_attachment(const SharedBytes& bytes, const AttachmentPlace& place, std::size_t number,
                           std::size_t depth, LossReport& losses);

/// PidTagAttachMethod.
inline constexpr std::int32_t by_value = 1, embedded_message = 5;
/// PidTagAttachFlags: a body shows it.
inline constexpr std::int32_t shown_by_body = 4;

/// What is told of the message `message` itself, at `depth` in the file whose bytes are `bytes`.
MessageObject read_entity(const SharedBytes& bytes, const mime::Part& message, std::size_t depth, LossReport& losses);

/// PidTagAttachDataBinary of what is kept as it stands, signed or encrypted: its type, a blank line, its body.
bool holds_sealed_entity(const Attachment& attachment);

}  // namespace mapistore::conversion
