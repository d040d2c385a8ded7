#pragma once

#include <string>
#include <string_view>

#include <mapistore/message.h>
#include <mapistore/message_object.h>

/// Between the bytes of a message and its properties, for media that keep columns of them beside the bytes. The bytes
/// are the truth: what is read from them is derived, and a change of it changes the smallest part of them. Pure
/// functions of their arguments: no clock, host, locale or time zone shows in a result. May be called from any thread.
namespace mapistore {

/// Raised when the same bytes give other properties, or the same properties other bytes, than before.
MAPISTORE_API unsigned conversion_version() noexcept;

/// All properties, recipients and attachments that `bytes` tell, all of which are held in memory. Never fails: what is
/// not understood is left out. `name` is the file's: documents and notes are called by it.
MAPISTORE_API MessageObject properties_of(MessageKind kind, std::string_view name, std::string_view bytes);

/// The bytes of a message that has none yet: the same bytes for the same properties, with all that the format can tell.
/// Errc::unsupported: the kind has no format.
MAPISTORE_API Result<std::string> bytes_of(MessageKind kind, const MessageObject& message);

/// `bytes`, which say `current`, changed in as few places as possible so that they say `wanted`.
/// Errc::not_permitted: they are signed or encrypted; Errc::invalid_content: `wanted` contradicts itself.
MAPISTORE_API Result<std::string> bytes_changed_to(MessageKind kind, std::string_view name, std::string_view bytes,
                                                   const MessageObject& current, const MessageObject& wanted);

/// The value of PidLidGlobalObjectId and PidLidCleanGlobalObjectId that stands for the UID of a calendar object
/// (MS-OXCICAL 2.1.3.1.1.20.26), and the way back: empty if it stands for none.
MAPISTORE_API Binary object_id_of_uid(std::string_view uid);
MAPISTORE_API std::string uid_of_object_id(const Binary& id);

}  // namespace mapistore
