#include "core/conversion/mail_edit.h"

#include "core/conversion/formats.h"
#include "core/conversion/mail_addresses.h"
#include "core/conversion/mail_entity.h"
#include "core/conversion/mail_layout.h"
#include "core/conversion/mail_values.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

bool text_differs(const PropertyBag& a, const PropertyBag& b, const PropertyId& id) {
  return held_text(a, id) != held_text(b, id);
}

/// The three properties of a subject: whichever changed tells the others.
Result<> settle_subject(const MessageObject& current, MessageObject& wanted) {
  PropertyBag& bag = wanted.properties;
  const bool parts_differ = text_differs(current.properties, bag, tag::subject_prefix) ||
                            text_differs(current.properties, bag, tag::normalized_subject);
  if (!parts_differ) return {};
  std::string joined = text_or_empty(bag, tag::subject_prefix) + text_or_empty(bag, tag::normalized_subject);
  if (text_differs(current.properties, bag, tag::subject)) {
    if (text_or_empty(bag, tag::subject) == joined) return {};
    return fail(Errc::invalid_content, "PidTagSubject",
                "is not PidTagSubjectPrefix and PidTagNormalizedSubject together", "change one, or both alike");
  }
  set_text(bag, tag::subject, std::move(joined));
  return {};
}

bool same_mailbox(const mime::Mailbox& a, const mime::Mailbox& b) {
  return a.address == b.address && a.display_name == b.display_name;
}

/// Who sent it is told by From alone, if that is the author.
void settle_sender(const MessageObject& current, MessageObject& wanted) {
  const mime::Mailbox by = mailbox_of(current.properties, sender);
  if (!same_mailbox(by, mailbox_of(current.properties, sent_representing))) return;
  if (!same_mailbox(by, mailbox_of(wanted.properties, sender))) return;
  erase_address(wanted.properties, sender);
}

/// Whether an attachment was shown by its file name, and shall be again.
void settle_names(const MessageObject& current, MessageObject& wanted) {
  for (Attachment& attachment : wanted.attachments) {
    const auto number = held_number(attachment.properties, tag::attach_number);
    if (!number || *number < 0 || static_cast<std::size_t>(*number) >= current.attachments.size()) continue;
    const PropertyBag& old = current.attachments[static_cast<std::size_t>(*number)].properties;
    if (text_differs(old, attachment.properties, tag::display_name) ||
        text_or_empty(old, tag::display_name) != text_or_empty(old, tag::attach_long_filename))
      continue;
    const std::string name = text_or_empty(attachment.properties, tag::attach_long_filename);
    if (!name.empty() && name != text_or_empty(old, tag::attach_long_filename))
      set_text(attachment.properties, tag::display_name, name);
  }
}

}  // namespace

Result<MessageObject> settled(const MessageObject& current, const MessageObject& wanted) {
  MessageObject message = wanted;
  MAPISTORE_CHECK(settle_subject(current, message));
  settle_sender(current, message);
  settle_names(current, message);
  return message;
}

Result<> edit_message_at(const MailEdit& edit, mime::Splice& splice, LossReport& losses) {
  if (edit.current == edit.wanted) return {};
  if (edit.message.verbatim && !is_sealed(edit.message) && !edit.rules.break_signatures)
    return fail(Errc::not_permitted, {}, "lies in what is signed or encrypted", "allow signatures to be broken");
  const MessageObject wanted = MAPISTORE_TRY(settled(edit.current, edit.wanted));
  const std::vector<std::string> signed_fields =
      edit.rules.break_signatures ? std::vector<std::string>{} : dkim_signed_fields(edit.message.header);
  MAPISTORE_CHECK(edit_header(edit.message.header, edit.current, wanted, signed_fields, edit.newline, splice, losses));
  return edit_contents({edit.bytes, edit.message, edit.current, wanted, edit.rules, edit.newline}, splice, losses);
}

Result<WrittenMessage> edit_mail(const SharedBytes& bytes, const MessageObject& current, const MessageObject& wanted,
                                 const EditRules& rules) {
  WrittenMessage written;
  const mime::Part message = mime::read_structure(bytes.view(), {.depth = deepest_part, .parts = most_parts});
  mime::Splice splice(bytes);
  MAPISTORE_CHECK(edit_message_at({bytes, message, current, wanted, rules, mime::line_end_of(bytes.view())}, splice,
                                  written.losses));
  written.bytes = MAPISTORE_TRY(splice.content());
  return written;
}

}  // namespace mapistore::conversion
