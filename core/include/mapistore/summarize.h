#pragma once

#include <cstdint>
#include <string_view>

#include <mapistore/message.h>

namespace mapistore {

/// How many leading bytes `summarize` may need; more are not looked at.
inline constexpr std::size_t summary_window = 64 * 1024;

/// The kind of message that a file name stands for: .eml mail, .ics appointment, .vcf contact, .txt and .md note,
/// anything else a document. Case is ignored.
MAPISTORE_API MessageKind kind_of_name(std::string_view file_name) noexcept;

/// The file extension of a kind, with its dot; empty for documents, which keep their own.
MAPISTORE_API std::string_view extension(MessageKind kind) noexcept;

/// Reads what a listing needs from the first bytes of a message. Never fails: what is missing stays empty.
///
/// `expected` is the kind the name or medium suggests; for iCalendar the component found decides between
/// appointment, task and journal. `name` is the subject of a document or note without better. `size` is the whole
/// message's. Terminates in time linear in `head`. RFC 5322, 2047, 5545, 6350.
MAPISTORE_API Summary summarize(MessageKind expected, std::string_view name, std::string_view head);

/// Errc::invalid_content when bytes saved under `expected` are text that cannot be of that kind (an .ics without
/// any component, a .vcf without a card). Binary bytes are no such text: they become a document, and the
/// returned kind says so. Mail is never refused.
MAPISTORE_API Result<MessageKind> check_content(MessageKind expected, std::string_view name, std::string_view head);

}  // namespace mapistore
