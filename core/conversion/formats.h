#pragma once

#include "core/conversion/convert.h"

namespace mapistore::conversion {

// What `convert.h` promises, for one format each; `convert.cc` chooses by the kind.

ReadMessage read_mail(const SharedBytes& bytes);
Result<WrittenMessage> render_mail(const MessageObject& message);
Result<WrittenMessage> edit_mail(const SharedBytes& bytes, const MessageObject& current, const MessageObject& wanted,
                                 const EditRules& rules);

/// Appointments, tasks and journal entries: the first component of its kind, its exceptions with it.
ReadMessage read_calendar(MessageKind kind, const SharedBytes& bytes);
Result<WrittenMessage> render_calendar(MessageKind kind, const MessageObject& message);
Result<WrittenMessage> edit_calendar(MessageKind kind, const SharedBytes& bytes, const MessageObject& current,
                                     const MessageObject& wanted);

/// Contacts, and lists (IPM.DistList) by KIND:group.
ReadMessage read_contact(const SharedBytes& bytes);
Result<WrittenMessage> render_contact(const MessageObject& message);
Result<WrittenMessage> edit_contact(const SharedBytes& bytes, const MessageObject& current,
                                    const MessageObject& wanted);

ReadMessage read_note(std::string_view name, const SharedBytes& bytes);
Result<WrittenMessage> render_note(const MessageObject& message);
Result<WrittenMessage> edit_note(const SharedBytes& bytes, const MessageObject& current, const MessageObject& wanted);

/// Any file (MS-OXODOC): one attachment with its name and bytes.
ReadMessage read_document(std::string_view name, const SharedBytes& bytes);
Result<WrittenMessage> render_document(const MessageObject& message);
Result<WrittenMessage> edit_document(const SharedBytes& bytes, const MessageObject& current,
                                     const MessageObject& wanted);

}  // namespace mapistore::conversion
