#include "core/conversion/convert.h"

#include "core/conversion/formats.h"

namespace mapistore {

ReadMessage read_message(MessageKind kind, std::string_view name, const SharedBytes& bytes) {
  switch (kind) {
    case MessageKind::mail: return conversion::read_mail(bytes);
    case MessageKind::appointment:
    case MessageKind::task:
    case MessageKind::journal: return conversion::read_calendar(kind, bytes);
    case MessageKind::contact: return conversion::read_contact(bytes);
    case MessageKind::note: return conversion::read_note(name, bytes);
    case MessageKind::document: break;
  }
  return conversion::read_document(name, bytes);
}

Result<WrittenMessage> render_message(MessageKind kind, const MessageObject& message) {
  switch (kind) {
    case MessageKind::mail: return conversion::render_mail(message);
    case MessageKind::appointment:
    case MessageKind::task:
    case MessageKind::journal: return conversion::render_calendar(kind, message);
    case MessageKind::contact: return conversion::render_contact(message);
    case MessageKind::note: return conversion::render_note(message);
    case MessageKind::document: break;
  }
  return conversion::render_document(message);
}

Result<WrittenMessage> edit_message(MessageKind kind, std::string_view, const SharedBytes& bytes,
                                    const MessageObject& current, const MessageObject& wanted, const EditRules& rules) {
  switch (kind) {
    case MessageKind::mail: return conversion::edit_mail(bytes, current, wanted, rules);
    case MessageKind::appointment:
    case MessageKind::task:
    case MessageKind::journal: return conversion::edit_calendar(kind, bytes, current, wanted);
    case MessageKind::contact: return conversion::edit_contact(bytes, current, wanted);
    case MessageKind::note: return conversion::edit_note(bytes, current, wanted);
    case MessageKind::document: break;
  }
  return conversion::edit_document(bytes, current, wanted);
}

}  // namespace mapistore
