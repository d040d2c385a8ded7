#include "core/codec/code_pages.h"
#include "core/conversion/formats.h"
#include "core/conversion/mail_attachments.h"
#include "core/conversion/mail_contents.h"
#include "core/conversion/mail_header.h"
#include "core/conversion/mail_layout.h"
#include "core/conversion/mail_meetings.h"
#include "core/conversion/mail_reports.h"
#include "core/conversion/mail_values.h"
#include "core/conversion/tnef.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

constexpr std::size_t largest_tnef = 64 * 1024 * 1024;
constexpr std::int32_t native_plain = 1, native_html = 3, native_signed = 4;  // PidTagNativeBody

void set_code_page(PropertyBag& bag, const mime::Part& part) {
  if (const auto code_page = codec::code_page_of(part.type.charset))
    bag.set(tag::internet_codepage, static_cast<std::int32_t>(*code_page));
}

/// What of the plain body is attachments.
std::vector<std::string_view> uuencoded_in(const Layout& layout) {
  std::vector<std::string_view> blocks;
  for (const AttachmentPlace& place : layout.attachments)
    if (!place.uuencoded.empty()) blocks.push_back(place.uuencoded);
  return blocks;
}

void read_bodies(const SharedBytes& bytes, const Layout& layout, MessageObject& message) {
  PropertyBag& bag = message.properties;
  if (layout.text != nullptr) {
    set_part_text(bag, tag::body, bytes, *layout.text, uuencoded_in(layout));
    set_code_page(bag, *layout.text);
    bag.set(tag::native_body, native_plain);
  }
  if (layout.html == nullptr) return;
  set_part_bytes(bag, tag::html, bytes, *layout.html);
  bag.erase(tag::internet_codepage);
  set_code_page(bag, *layout.html);
  bag.set(tag::native_body, native_html);
}

/// The class of a message by what it is made of; what the layout does not tell is a note.
std::string_view class_of(const mime::Part& message, const Layout& layout, PropertyBag& bag) {
  if (is_enveloped(message.type)) return "IPM.Note.SMIME";
  if (message.type.is("multipart", "signed")) {
    const std::string protocol = type_parameter(message, "protocol");
    bag.set(tag::native_body, native_signed);
    if (protocol.find("pkcs7") != std::string::npos) return "IPM.Note.SMIME.MultipartSigned";
  }
  return layout.report != nullptr && message.type.is("multipart", "report") ? report_class(*layout.report) : "IPM.Note";
}

void read_attachments(const SharedBytes& bytes, const Layout& layout, std::size_t depth, MessageObject& message,
                      LossReport& losses) {
  bool all_hidden = !layout.attachments.empty();
  for (const AttachmentPlace& place : layout.attachments) {
    message.attachments.push_back(read_attachment(bytes, place, message.attachments.size(), depth, losses));
    all_hidden = all_hidden && is_true(message.attachments.back().properties, tag::attachment_hidden);
  }
  if (all_hidden) message.properties.set(lid::smart_no_attach, true);
}

/// What a property of Outlook's own form tells is more exact than what the fields do.
void merge_tnef(const mime::Part& part, MessageObject& message, LossReport& losses) {
  auto held = held_part(part, largest_tnef);
  if (!held) return losses.add("application/ms-tnef", Fidelity::dropped, "is too large");
  auto tnef = read_tnef(SharedBytes::of(*std::move(held)));
  if (!tnef) return losses.add("application/ms-tnef", Fidelity::dropped, tnef.error().what);
  losses.append("application/ms-tnef: ", tnef->losses);
  for (const Property& property : tnef->message.properties) message.properties.set(property.id, property.value);
  // The recipients of the header are those it was sent to; TNEF repeats them, or tells of others.
  if (message.recipients.empty()) message.recipients = std::move(tnef->message.recipients);
  for (Attachment& attachment : tnef->message.attachments) {
    attachment.properties.set(tag::attach_number, static_cast<std::int32_t>(message.attachments.size()));
    message.attachments.push_back(std::move(attachment));
  }
}

}  // namespace

MessageObject read_entity(const SharedBytes& bytes, const mime::Part& message, std::size_t depth, LossReport& losses) {
  MessageObject read;
  const Layout layout = lay_out(message);
  read_header(message.header, read, losses);
  read_bodies(bytes, layout, read);
  read.properties.set(tag::message_class, std::string(class_of(message, layout, read.properties)));
  read_attachments(bytes, layout, depth, read, losses);
  if (layout.report != nullptr) read_report(*layout.report, read);
  if (layout.calendar != nullptr) merge_meeting(*layout.calendar, read, losses);
  if (layout.tnef != nullptr) merge_tnef(*layout.tnef, read, losses);
  if (layout.is_truncated) losses.add("MIME", Fidelity::dropped, "more parts, or deeper ones, than are followed");
  return read;
}

ReadMessage read_mail(const SharedBytes& bytes) {
  ReadMessage read;
  const mime::Part message = mime::read_structure(bytes.view(), {.depth = deepest_part, .parts = most_parts});
  read.message = read_entity(bytes, message, 0, read.losses);
  return read;
}

}  // namespace mapistore::conversion
