#include "core/conversion/mail_layout.h"

#include <string>

#include "core/codec/ascii.h"
#include "core/mime/parameters.h"
#include "core/mime/uuencode.h"

namespace mapistore::conversion {
namespace {

bool has_name(const mime::Part& part, std::string_view name) {
  return codec::equal_ignoring_case(part.file_name, name);
}

bool is_tnef(const mime::Part& part) {
  return part.type.is("application", "ms-tnef") || part.type.is("application", "vnd.ms-tnef") ||
         (part.type.type == "application" && has_name(part, "winmail.dat"));
}

bool is_report_part(const mime::ContentType& type) {
  return type.is("message", "delivery-status") || type.is("message", "global-delivery-status") ||
         type.is("message", "disposition-notification") || type.is("message", "global-disposition-notification");
}

/// Whether the answer to a meeting, or the meeting, is what the mail is about.
bool is_scheduling(const mime::Part& part) {
  if (!part.type.is("text", "calendar")) return false;
  const std::string method = type_parameter(part, "method");
  for (const std::string_view known : {"request", "reply", "cancel", "counter"})
    if (codec::equal_ignoring_case(method, known)) return true;
  return false;
}

class LayoutReader {
 public:
  Layout read(const mime::Part& message) {
    walk(message, Place{.may_be_named = true});
    if (layout_.text != nullptr) find_uuencoded(*layout_.text);
    return std::move(layout_);
  }

 private:
  struct Place {
    bool may_be_named = false;  ///< a body may have a file name here
    bool is_alternative = false;
    bool is_related = false;
  };

  void walk(const mime::Part& part, Place place) {
    layout_.is_truncated = layout_.is_truncated || part.truncated;
    if (is_sealed(part)) {
      attach(part, place);
      if (part.type.is("multipart", "signed") && !part.children.empty()) walk_signed(part.children.front());
    } else if (part.is_multipart() && !part.children.empty()) {
      walk_children(part, place);
    } else if (!take(part, place)) {
      attach(part, place);
    }
  }

  void walk_children(const mime::Part& part, Place place) {
    Place inside{.is_alternative = part.type.is("multipart", "alternative"), .is_related = place.is_related};
    inside.may_be_named = inside.is_alternative;
    for (const mime::Part& child : part.children) {
      if (part.type.is("multipart", "related") && &child == part.children.data()) {
        walk(child, Place{.may_be_named = true, .is_alternative = place.is_alternative});
        inside.is_related = true;
      } else {
        walk(child, inside);
      }
    }
  }

  /// Of what is signed the bodies are told as well; its attachments are in the blob.
  void walk_signed(const mime::Part& part) {
    LayoutReader inside;
    inside.walk(part, Place{.may_be_named = true});
    if (layout_.text != nullptr || layout_.html != nullptr) return;
    layout_.text = inside.layout_.text;
    layout_.html = inside.layout_.html;
  }

  /// Whether `part` tells the message itself something.
  bool take(const mime::Part& part, Place place) {
    if (part.disposition != "attachment" && (part.file_name.empty() || place.may_be_named) && !place.is_related &&
        part.encoding != mime::Encoding::uuencode) {
      const bool is_first = layout_.text == nullptr && layout_.html == nullptr;
      if (part.type.is("text", "plain") && layout_.text == nullptr && (is_first || place.is_alternative))
        return claim(layout_.text, part);
      if (part.type.is("text", "html") && layout_.html == nullptr && (is_first || place.is_alternative))
        return claim(layout_.html, part);
    }
    if (layout_.calendar == nullptr && is_scheduling(part)) return claim(layout_.calendar, part);
    if (layout_.tnef == nullptr && is_tnef(part)) return claim(layout_.tnef, part);
    if (layout_.report == nullptr && is_report_part(part.type)) layout_.report = &part;
    return false;
  }

  static bool claim(const mime::Part*& home, const mime::Part& part) {
    home = &part;
    return true;
  }

  void attach(const mime::Part& part, Place place) {
    layout_.attachments.push_back({.part = &part, .is_related = place.is_related});
  }

  /// Attachments as they were before MIME, in a plain body.
  void find_uuencoded(const mime::Part& part) {
    if (part.encoding != mime::Encoding::identity || part.verbatim) return;
    for (const mime::Uuencoded& file : mime::find_uuencoded(part.body))
      layout_.attachments.push_back({.part = &part, .uuencoded = file.whole});
  }

  Layout layout_;
};

}  // namespace

bool is_enveloped(const mime::ContentType& type) noexcept {
  return type.is("application", "pkcs7-mime") || type.is("application", "x-pkcs7-mime");
}

bool is_sealed(const mime::Part& part) noexcept {
  return part.type.is("multipart", "signed") || part.type.is("multipart", "encrypted") || is_enveloped(part.type);
}

bool is_attachment_alone(const mime::Part& part) noexcept {
  return part.children.empty() && !part.is_multipart() && part.type.type != "text" && part.type.type != "message" &&
         !part.verbatim && !is_sealed(part) && !is_tnef(part);
}

std::string type_parameter(const mime::Part& part, std::string_view name) {
  const std::vector<mime::Field> fields = mime::read_fields(part.header);
  const mime::Field* type = mime::find_field(fields, "Content-Type");
  return type == nullptr ? std::string{} : std::string(mime::read_parameters(type->value).parameter(name));
}

Layout lay_out(const mime::Part& message) { return LayoutReader().read(message); }

}  // namespace mapistore::conversion
