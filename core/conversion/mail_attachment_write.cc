#include <algorithm>
#include <array>
#include <span>

#include "core/codec/ascii.h"
#include "core/conversion/mail_attachments.h"
#include "core/conversion/mail_entity.h"
#include "core/conversion/mail_field_text.h"
#include "core/conversion/mail_values.h"
#include "core/properties/known_properties.h"
#include "core/properties/system_time.h"

namespace mapistore::conversion {
namespace {

bool is_mime_type(std::string_view type) {
  const std::size_t slash = type.find('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < type.size() && type.size() < 100 &&
         std::ranges::all_of(
             type,
             [](char c) {
               return codec::is_letter(c) || codec::is_digit(c) || std::string_view("!#$&-^_.+/").contains(c);
             });
}

/// The first bytes of the data.
std::string start_of_data(const PropertyBag& bag) {
  constexpr std::size_t enough = 32;
  const auto* large = bag.get<LargeValue>(tag::attach_data_binary);
  if (large == nullptr) return held_bytes(bag, tag::attach_data_binary).value_or(std::string{}).substr(0, enough);
  std::string start(enough, '\0');
  const auto count = large->content->reader()->read(std::as_writable_bytes(std::span(start)));
  return start.substr(0, count.value_or(0));
}

/// What RFC 8551 3.2.2 calls the content of a CMS object, by its type (RFC 5652 3); empty if it is of none of these.
/// Certificates alone are signed data that nobody signed: their file name tells (RFC 8551 3.2.1).
std::string_view smime_type_of(const PropertyBag& bag) {
  using namespace std::string_view_literals;
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> types = {{
      {"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"sv, "signed-data"},
      {"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"sv, "enveloped-data"},
      {"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09"sv, "compressed-data"},
      {"\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17"sv, "authEnveloped-data"},
  }};
  const std::string start = start_of_data(bag);
  for (const auto& [object, name] : types)
    if (start.find(object) != std::string::npos) {
      const std::string file_name = text_or_empty(bag, tag::attach_long_filename);
      const bool certificates = name == "signed-data" && file_name.size() > 4 &&
                                codec::equal_ignoring_case(file_name.substr(file_name.size() - 4), ".p7c");
      return certificates ? "certs-only" : name;
    }
  return {};
}

class AttachmentWriter {
 public:
  AttachmentWriter(const Attachment& attachment, std::string_view seed, Pieces& out, LossReport& losses)
      : attachment_{attachment}, bag_{attachment.properties}, seed_{seed}, out_{out}, losses_{losses} {}

  Result<> write() {
    if (holds_sealed_entity(attachment_)) return write_sealed();
    write_header(attachment_.embedded == nullptr ? "base64" : "");
    if (attachment_.embedded != nullptr)
      return write_mail(*attachment_.embedded, std::string(seed_) + "m", out_, losses_);
    write_data();
    return {};
  }

  /// With the blank line.
  void write_header(std::string_view encoding) {
    write_type();
    if (!encoding.empty()) out_.add_lines("Content-Transfer-Encoding: " + std::string(encoding) + "\r\n");
    write_disposition();
    write_ids();
    out_.add_lines("\r\n");
  }

 private:
  Result<> write_sealed() {
    const std::string blob = MAPISTORE_TRY(body_text(bag_, tag::attach_data_binary));
    const std::size_t end = blob.find("\r\n\r\n");
    if (end == std::string::npos || !codec::starts_ignoring_case(blob, "content-type:"))
      return fail(Errc::invalid_content, "PidTagAttachDataBinary", "is no signed or encrypted part");
    out_.add_bytes(blob);
    return {};
  }

  void write_type() {
    std::string type = text_or_empty(bag_, tag::attach_mime_tag);
    if (attachment_.embedded != nullptr) type = "message/rfc822";
    if (type.empty() || !is_mime_type(type) || codec::starts_ignoring_case(type, "multipart/")) {
      if (!type.empty()) losses_.add("PidTagAttachMimeTag", Fidelity::dropped, "is no type that a part may have");
      type = "application/octet-stream";
    }
    const bool is_text = codec::starts_ignoring_case(type, "text/");
    out_.add_lines(parameters_field(
        "Content-Type", type,
        {{"charset", is_text ? text_or_empty(bag_, tag::text_attachment_charset) : std::string{}},
         {"smime-type", type.ends_with("pkcs7-mime") ? std::string(smime_type_of(bag_)) : std::string{}}}));
  }

  void write_disposition() {
    const bool is_shown = is_true(bag_, tag::attachment_hidden) &&
                          (bag_.contains(tag::attach_content_id) || bag_.contains(tag::attach_content_location));
    out_.add_lines(parameters_field("Content-Disposition", is_shown ? "inline" : "attachment",
                                    {{"filename", file_name()},
                                     {"creation-date", date(tag::creation_time)},
                                     {"modification-date", date(tag::last_modification_time)}}));
  }

  std::string file_name() const {
    const std::string name = text_or_empty(bag_, tag::attach_long_filename);
    return name.empty() ? text_or_empty(bag_, tag::attach_filename) : name;
  }

  std::string date(PropertyTag tag) const {
    const auto* time = bag_.get<SystemTime>(tag);
    const auto known = time == nullptr ? std::nullopt : held_time(*time);
    return known ? mail_date(*known) : std::string{};
  }

  void write_ids() {
    if (const std::string id = text_or_empty(bag_, tag::attach_content_id); !id.empty())
      out_.add_lines(text_field("Content-ID", "<" + id + ">"));
    if (const std::string location = text_or_empty(bag_, tag::attach_content_location); !location.empty())
      out_.add_lines(text_field("Content-Location", location));
    const std::string shown = text_or_empty(bag_, tag::display_name);
    const bool is_subject =
        attachment_.embedded != nullptr && shown == text_or_empty(attachment_.embedded->properties, tag::subject);
    if (!shown.empty() && shown != file_name() && !is_subject) out_.add_lines(text_field("Content-Description", shown));
  }

  void write_data() {
    if (const auto* large = bag_.get<LargeValue>(tag::attach_data_binary)) {
      out_.add(base64_lines(*large, out_.newline()));
    } else if (const auto bytes = held_bytes(bag_, tag::attach_data_binary)) {
      out_.add(base64_lines(held_content(*bytes), out_.newline()));
    } else {
      losses_.add(file_name(), Fidelity::dropped, "an attachment of this kind has no bytes");
    }
  }

  const Attachment& attachment_;
  const PropertyBag& bag_;
  std::string_view seed_;
  Pieces& out_;
  LossReport& losses_;
};

}  // namespace

Result<> write_attachment(const Attachment& attachment, std::string_view seed, Pieces& out, LossReport& losses) {
  return AttachmentWriter(attachment, seed, out, losses).write();
}

void write_attachment_header(const Attachment& attachment, std::string_view encoding, Pieces& out, LossReport& losses) {
  AttachmentWriter(attachment, {}, out, losses).write_header(encoding);
}

}  // namespace mapistore::conversion
