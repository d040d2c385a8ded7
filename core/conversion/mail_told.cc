#include "core/conversion/mail_told.h"

#include <algorithm>
#include <array>

#include "core/codec/ascii.h"
#include "core/conversion/mail_addresses.h"
#include "core/conversion/mail_fields.h"
#include "core/conversion/mail_meetings.h"
#include "core/conversion/mail_values.h"
#include "core/conversion/text_values.h"
#include "core/properties/known_properties.h"
#include "core/properties/property_names.h"

namespace mapistore::conversion {
namespace {

/// Properties that a mail tells, or that follow from those.
constexpr std::array told_tags = {
    tag::message_class,
    tag::subject,
    tag::subject_prefix,
    tag::normalized_subject,
    tag::conversation_index,
    tag::importance,
    tag::priority,
    tag::sensitivity,
    tag::message_delivery_time,
    tag::reply_recipient_entries,
    tag::reply_recipient_names,
    tag::read_receipt_requested,
    tag::non_receipt_notification_requested,
    tag::originator_delivery_report_requested,
    tag::message_locale_id,
    tag::auto_response_suppress,
    tag::transport_message_headers,
    tag::body,
    tag::html,
    tag::rtf_compressed,
    tag::internet_codepage,
    tag::native_body,
};

bool is_told(PropertyTag tag) {
  const auto same = [tag](PropertyTag other) { return other.id() == tag.id(); };
  const auto same_field = [tag](const PlainField& field) { return field.tag.id() == tag.id(); };
  for (const AddressTags* tags : {&sent_representing, &sender, &read_receipt})
    for (const PropertyTag known : {tags->name, tags->type, tags->email, tags->smtp, tags->entry_id, tags->search_key})
      if (same(known)) return true;
  return std::ranges::any_of(told_tags, same) || std::ranges::any_of(mail_text_fields, same_field) ||
         std::ranges::any_of(mail_date_fields, same_field);
}

bool is_told(const PropertyName& name) {
  return name.set == property_set::ps_internet_headers || same_identity(name, pname::keywords) ||
         same_identity(name, lid::flag_request) || same_identity(name, lid::to_do_title) ||
         same_identity(name, lid::smart_no_attach);
}

/// Whether a mail's parts tell the class; other classes are those of forms.
bool is_told_class(std::string_view name) {
  return name.empty() || name == "IPM.Note" || name == "IPM.Note.SMIME" || name == "IPM.Note.SMIME.MultipartSigned" ||
         codec::starts_ignoring_case(name, "REPORT.") || is_meeting_class(name);
}

}  // namespace

bool is_told_by_mail(const PropertyId& id) {
  return std::visit([](const auto& one) { return is_told(one); }, id);
}

void report_untold_by_mail(const MessageObject& message, LossReport& losses) {
  const std::string name = text_or_empty(message.properties, tag::message_class);
  if (!is_told_class(name))
    losses.add(property_key(tag::message_class), Fidelity::approximated, "a mail does not tell of which form it is");
  // The calendar in it reports what it does not tell.
  if (is_meeting_class(name)) return;
  report_untold(message.properties, is_told_by_mail, "a mail does not tell it", losses);
}

}  // namespace mapistore::conversion
