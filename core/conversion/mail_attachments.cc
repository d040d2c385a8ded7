#include "core/conversion/mail_attachments.h"

#include <algorithm>
#include <array>

#include "core/codec/ascii.h"
#include "core/codec/charset.h"
#include "core/codec/date.h"
#include "core/codec/encoded_words.h"
#include "core/conversion/convert.h"
#include "core/conversion/mail_contents.h"
#include "core/conversion/mail_values.h"
#include "core/mime/content.h"
#include "core/mime/parameters.h"
#include "core/mime/uuencode.h"
#include "core/properties/known_properties.h"
#include "core/properties/system_time.h"

namespace mapistore::conversion {
namespace {

constexpr std::int32_t nowhere = -1;  // PidTagRenderingPosition

/// The extension with its dot: ".pdf"; empty if there is none.
std::string_view dotted_extension(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos || dot == 0 || dot + 1 == name.size() ? std::string_view{} : name.substr(dot);
}

class AttachmentReader {
 public:
  AttachmentReader(const SharedBytes& bytes, const AttachmentPlace& place, std::size_t number, LossReport& losses)
      : bytes_{bytes}, place_{place}, part_{*place.part}, bag_{attachment_.properties}, losses_{losses} {
    bag_.set(tag::attach_number, static_cast<std::int32_t>(number));
    bag_.set(tag::rendering_position, nowhere);
  }

  Attachment read(std::size_t depth) {
    if (!place_.uuencoded.empty()) return read_uuencoded_file();
    read_fields();
    if (is_sealed(part_) && part_.is_multipart()) {
      read_sealed();
    } else if (!read_message(depth)) {
      bag_.set(tag::attach_method, by_value);
      set_part_bytes(bag_, tag::attach_data_binary, bytes_, part_);
    }
    return std::move(attachment_);
  }

 private:
  Attachment read_uuencoded_file() {
    std::string name;
    codec::append_undeclared(name, mime::find_uuencoded(place_.uuencoded).front().name);
    bag_.set(tag::attach_method, by_value);
    set_name(name, {});
    set_bytes(bag_, tag::attach_data_binary, mime::decoded_body(place_.uuencoded, mime::Encoding::uuencode));
    return std::move(attachment_);
  }

  void read_fields() {
    std::string description;
    std::string location;
    for (const mime::Field& field : mime::read_fields(part_.header)) {
      if (field.is("Content-Disposition"))
        read_times(mime::read_parameters(field.value));
      else if (field.is("Content-Type"))
        report_parameters(mime::read_parameters(field.value));
      else if (field.is("Content-Description"))
        description = codec::decode_words(field.value);
      else if (field.is("Content-Location"))
        location = codec::decode_words(field.value);
      else if (codec::starts_ignoring_case(field.name, "content-") && !is_read_elsewhere(field))
        losses_.add(std::string(field.name), Fidelity::dropped, "no property of an attachment tells it");
    }
    set_text(bag_, tag::attach_mime_tag, part_.type.type + "/" + part_.type.subtype);
    if (!part_.type.charset.empty() && part_.type.type == "text")
      set_text(bag_, tag::text_attachment_charset, part_.type.charset);
    set_name(part_.file_name, std::move(description));
    if (!part_.content_id.empty()) set_text(bag_, tag::attach_content_id, part_.content_id);
    if (!location.empty()) set_text(bag_, tag::attach_content_location, location);
    const bool may_be_shown = !part_.content_id.empty() || !location.empty();
    if (!may_be_shown || part_.disposition == "attachment") return;
    if (!place_.is_related && part_.disposition != "inline") return;
    bag_.set(tag::attach_flags, shown_by_body);
    bag_.set(tag::attachment_hidden, true);
  }

  static bool is_read_elsewhere(const mime::Field& field) {
    return field.is("Content-Transfer-Encoding") || field.is("Content-ID");
  }

  /// A sealed part is told with its type as it stands; what CMS holds is told by its bytes.
  void report_parameters(const mime::ParameterizedValue& type) {
    static constexpr std::array<std::string_view, 3> told = {"charset", "name", "smime-type"};
    if (is_sealed(part_) && part_.is_multipart()) return;
    for (const mime::Parameter& parameter : type.parameters) {
      const bool is_told = std::ranges::find(told, parameter.name) != told.end();
      if (is_told && (parameter.name != "charset" || part_.type.type == "text")) continue;
      losses_.add("Content-Type", Fidelity::approximated,
                  "no property of an attachment tells its parameter " + parameter.name);
    }
  }

  void read_times(const mime::ParameterizedValue& disposition) {
    read_time(disposition, "creation-date", tag::creation_time);
    read_time(disposition, "modification-date", tag::last_modification_time);
  }

  void read_time(const mime::ParameterizedValue& disposition, std::string_view name, PropertyTag tag) {
    if (const auto time = codec::parse_mail_date(disposition.parameter(name)))
      bag_.set(tag, mapistore::to_system_time(*time));
  }

  void set_name(const std::string& name, std::string description) {
    if (!name.empty()) {
      set_text(bag_, tag::attach_long_filename, name);
      if (const std::string_view extension = dotted_extension(name); !extension.empty())
        set_text(bag_, tag::attach_extension, std::string(extension));
    }
    if (description.empty()) description = name;
    if (!description.empty()) set_text(bag_, tag::display_name, std::move(description));
  }

  /// Each byte counts for a signature: the type as it stands, and the body.
  void read_sealed() {
    bag_.set(tag::attach_method, by_value);
    std::string blob;
    for (const mime::Field& field : mime::read_fields(part_.header))
      if (field.is("Content-Type")) blob.assign(codec::trim_end(field.whole));
    blob.append("\r\n\r\n").append(part_.body);
    set_bytes(bag_, tag::attach_data_binary, blob);
  }

  bool read_message(std::size_t depth) {
    if (part_.type.type != "message" || !part_.type.is("message", "rfc822")) return false;
    if (depth + 1 >= deepest_part) {
      losses_.add("message/rfc822", Fidelity::approximated, "lies too deep: it is told as bytes");
      return false;
    }
    LossReport inside;
    if (!part_.children.empty()) {
      attachment_.embedded =
          std::make_shared<const MessageObject>(read_entity(bytes_, part_.children.front(), depth + 1, inside));
    } else if (!read_encoded_message(depth, inside)) {
      return false;
    }
    losses_.append("message/rfc822: ", inside);
    bag_.set(tag::attach_method, embedded_message);
    if (!bag_.contains(tag::display_name))
      if (const auto subject = held_text(attachment_.embedded->properties, tag::subject))
        set_text(bag_, tag::display_name, *subject);
    return true;
  }

  bool read_encoded_message(std::size_t depth, LossReport& inside) {
    auto held = held_part(part_, largest_encoded_message);
    if (!held) return false;
    const SharedBytes decoded = SharedBytes::of(*std::move(held));
    const mime::Part message =
        mime::read_structure(decoded.view(), {.depth = deepest_part - depth, .parts = most_parts});
    attachment_.embedded = std::make_shared<const MessageObject>(read_entity(decoded, message, depth + 1, inside));
    return true;
  }

  const SharedBytes& bytes_;
  const AttachmentPlace& place_;
  const mime::Part& part_;
  Attachment attachment_;
  PropertyBag& bag_;
  LossReport& losses_;
};

}  // namespace

Attachment read_attachment(const SharedBytes& bytes, const AttachmentPlace& place, std::size_t number,
                           std::size_t depth, LossReport& losses) {
  return AttachmentReader(bytes, place, number, losses).read(depth);
}

bool holds_sealed_entity(const Attachment& attachment) {
  const std::string type = text_or_empty(attachment.properties, tag::attach_mime_tag);
  return type == "multipart/signed" || type == "multipart/encrypted";
}

}  // namespace mapistore::conversion
