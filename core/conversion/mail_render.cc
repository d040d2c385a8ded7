#include <algorithm>
#include <set>

#include "core/codec/ascii.h"
#include "core/conversion/formats.h"
#include "core/conversion/mail_edit.h"
#include "core/conversion/mail_encode.h"
#include "core/conversion/mail_entity.h"
#include "core/conversion/mail_header.h"
#include "core/conversion/mail_told.h"
#include "core/conversion/mail_values.h"
#include "core/conversion/text_values.h"
#include "core/mime/writer.h"
#include "core/properties/known_properties.h"
#include "core/properties/system_time.h"

namespace mapistore::conversion {
namespace {

constexpr std::uint64_t largest_header = 16 * 1024 * 1024;

/// The header block that the message came with, its lines ended by CRLF, without what tells of its contents.
std::string old_header(const PropertyBag& bag) {
  std::string header;
  const std::string block = bag.get<String8>(tag::transport_message_headers) != nullptr
                                ? bag.get<String8>(tag::transport_message_headers)->bytes
                                : text_or_empty(bag, tag::transport_message_headers);
  for (const mime::Field& field : mime::read_fields(block)) {
    if (is_structural(lower_case(field.name))) continue;
    bool changed = false;
    header += with_uniform_lines(std::string(codec::trim_end(field.whole)), crlf, changed) + "\r\n";
  }
  return header;
}

/// The header of a message that had none, or whose own one was lost: one line for each thing it says.
std::string new_header(const MessageObject& message, LossReport& losses) {
  std::string header;
  const auto* delivered = message.properties.get<SystemTime>(tag::message_delivery_time);
  if (const auto time = delivered == nullptr ? std::nullopt : held_time(*delivered))
    header += "Received: ; " + mail_date(*time) + "\r\n";
  for (const FieldGroup& group : write_header(message, Defaults::left_out, losses)) header += group.lines;
  return header;
}

/// The old header, with what the properties say otherwise.
Result<std::string> renewed_header(std::string old, const MessageObject& message, LossReport& losses) {
  const SharedBytes bytes = SharedBytes::of(std::move(old));
  MessageObject current;
  LossReport ignored;
  read_header(bytes.view(), current, ignored);
  mime::Splice splice(bytes);
  MAPISTORE_CHECK(edit_header(bytes.view(), current, message, {}, crlf, splice, losses));
  return MAPISTORE_TRY(splice.content()).content->text(largest_header);
}

void add_values(std::string& seed, const PropertyBag& bag) {
  for (const Property& property : bag) {
    if (const auto* text = std::get_if<std::string>(&property.value)) seed.append(*text).append(1, '\0');
    if (const auto* bytes = std::get_if<Binary>(&property.value))
      seed.append(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    if (const auto* time = std::get_if<SystemTime>(&property.value)) seed.append(std::to_string(time->ticks));
    if (const auto* large = std::get_if<LargeValue>(&property.value))
      seed.append(std::to_string(large->content->size().value_or(0)));
  }
}

}  // namespace

std::string seed_of(const MessageObject& message) {
  std::string values;
  add_values(values, message.properties);
  for (const PropertyBag& row : message.recipients) add_values(values, row);
  for (const Attachment& attachment : message.attachments) add_values(values, attachment.properties);
  return mime::boundary_of(values);
}

Result<> write_mail(const MessageObject& message, std::string_view seed, Pieces& out, LossReport& losses) {
  report_untold_by_mail(message, losses);
  std::string old = old_header(message.properties);
  const std::string header =
      old.empty() ? new_header(message, losses) : MAPISTORE_TRY(renewed_header(std::move(old), message, losses));
  out.add_lines(header);
  out.add_lines("MIME-Version: 1.0\r\n");
  return write_entity(message, seed, out, losses);
}

Result<WrittenMessage> render_mail(const MessageObject& message) {
  WrittenMessage written;
  Pieces pieces(crlf);
  MAPISTORE_CHECK(write_mail(message, seed_of(message), pieces, written.losses));
  written.bytes = pieces.take();
  return written;
}

}  // namespace mapistore::conversion
