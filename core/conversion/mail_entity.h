#pragma once

#include <string>
#include <string_view>

#include <mapistore/message_object.h>

#include "core/conversion/loss.h"
#include "core/conversion/mail_encode.h"

namespace mapistore::conversion {

/// Writes what a message holds: its Content-* fields, a blank line, and the body. `seed` makes the boundaries of one
/// message differ from those in others.
Result<> write_entity(const MessageObject& message, std::string_view seed, Pieces& out, LossReport& losses);

/// Writes one attachment as a part: fields, blank line and body.
Result<> write_attachment(const Attachment& attachment, std::string_view seed, Pieces& out, LossReport& losses);

/// Writes its fields and the blank line alone; `encoding` is what its body already is in.
void write_attachment_header(const Attachment& attachment, std::string_view encoding, Pieces& out, LossReport& losses);

/// Writes all of a message: header and entity.
Result<> write_mail(const MessageObject& message, std::string_view seed, Pieces& out, LossReport& losses);

/// A plain body as a part, in `charset` if that can tell it.
Result<> write_text(const std::string& text, std::string_view charset, Pieces& out, LossReport& losses);

/// What the boundaries of `message` are made of: all of its text.
std::string seed_of(const MessageObject& message);

/// A body that is held in order to be written.
Result<std::string> body_text(const PropertyBag& bag, const PropertyId& id);

}  // namespace mapistore::conversion
