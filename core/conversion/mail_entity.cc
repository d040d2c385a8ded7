#include "core/conversion/mail_entity.h"

#include <algorithm>
#include <array>
#include <span>

#include "core/codec/ascii.h"
#include "core/codec/charset_encoder.h"
#include "core/codec/code_pages.h"
#include "core/codec/compressed_rtf.h"
#include "core/codec/rtf_deencapsulation.h"
#include "core/codec/utf8.h"
#include "core/conversion/mail_attachments.h"
#include "core/conversion/mail_field_text.h"
#include "core/conversion/mail_layout.h"
#include "core/conversion/mail_meetings.h"
#include "core/conversion/mail_reports.h"
#include "core/conversion/mail_values.h"
#include "core/mime/writer.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

constexpr std::uint64_t largest_body = 256 * 1024 * 1024;

struct Bodies {
  std::optional<std::string> text, html, calendar;

  std::size_t count() const { return std::size_t{text.has_value()} + html.has_value() + calendar.has_value(); }
};

std::string charset_in(const PropertyBag& bag) {
  const auto code_page = held_number(bag, tag::internet_codepage);
  return code_page ? std::string(codec::mime_charset_of(static_cast<std::uint32_t>(*code_page))) : std::string{};
}

/// A message that has its body as RTF only shows what the RTF was made from.
void add_rtf(const PropertyBag& bag, Bodies& bodies, LossReport& losses) {
  const auto compressed = held_bytes(bag, tag::rtf_compressed);
  if (!compressed || bodies.html) return;
  const auto rtf = codec::decompress_rtf(*compressed, largest_body);
  const auto original = rtf ? codec::deencapsulate_rtf(*rtf) : std::nullopt;
  if (!original) return losses.add("PidTagRtfCompressed", Fidelity::dropped, "mail has no RTF");
  losses.add("PidTagRtfCompressed", Fidelity::approximated, "what it was made from is told");
  if (original->form == codec::DeencapsulatedRtf::Form::html)
    bodies.html = original->content;
  else if (!bodies.text)
    bodies.text = original->content;
}

Result<Bodies> bodies_of(const MessageObject& message, LossReport& losses) {
  Bodies bodies;
  const PropertyBag& bag = message.properties;
  if (bag.contains(tag::body)) bodies.text = MAPISTORE_TRY(body_text(bag, tag::body));
  if (bag.contains(tag::html)) bodies.html = MAPISTORE_TRY(body_text(bag, tag::html));
  add_rtf(bag, bodies, losses);
  if (is_meeting_class(text_or_empty(bag, tag::message_class)))
    bodies.calendar = MAPISTORE_TRY(meeting_calendar(message, losses));
  return bodies;
}

class EntityWriter {
 public:
  EntityWriter(const MessageObject& message, std::string_view seed, Pieces& out, LossReport& losses)
      : message_{message}, bag_{message.properties}, seed_{seed}, out_{out}, losses_{losses} {}

  Result<> write() {
    const std::span attachments(message_.attachments);
    if (attachments.size() == 1 && is_whole_entity(attachments.front()))
      return write_attachment(attachments.front(), seed_, out_, losses_);
    bodies_ = MAPISTORE_TRY(bodies_of(message_, losses_));
    if (codec::starts_ignoring_case(text_or_empty(bag_, tag::message_class), "REPORT.")) return write_report();
    const auto first_other = std::ranges::find_if_not(attachments, [](const Attachment& attachment) {
      return is_true(attachment.properties, tag::attachment_hidden);
    });
    const std::size_t shown = bodies_.html ? static_cast<std::size_t>(first_other - attachments.begin()) : 0;
    return write_mixed(attachments.first(shown), attachments.subspan(shown));
  }

 private:
  using Attachments = std::span<const Attachment>;

  /// Whether the attachment is what the mail is, signed or encrypted.
  bool is_whole_entity(const Attachment& attachment) const {
    if (holds_sealed_entity(attachment)) return true;
    return text_or_empty(bag_, tag::message_class) == "IPM.Note.SMIME" &&
           text_or_empty(attachment.properties, tag::attach_mime_tag).ends_with("pkcs7-mime");
  }

  Result<> write_mixed(Attachments shown, Attachments others) {
    if (others.empty()) return write_alternative(shown);
    const std::string boundary = open("multipart/mixed", {});
    if (bodies_.count() > 0) {
      next(boundary);
      MAPISTORE_CHECK(write_alternative(shown));
    }
    for (const Attachment& attachment : others) MAPISTORE_CHECK(write_child(attachment, boundary));
    close(boundary);
    return {};
  }

  Result<> write_alternative(Attachments shown) {
    if (bodies_.count() == 0) return write_text({}, {}, out_, losses_);
    if (bodies_.count() == 1 && bodies_.text) return write_plain();
    if (bodies_.count() == 1 && bodies_.html) return write_related(shown);
    const std::string boundary = bodies_.count() == 1 ? std::string{} : open("multipart/alternative", {});
    if (bodies_.text) {
      next(boundary);
      MAPISTORE_CHECK(write_plain());
    }
    if (bodies_.html) {
      next(boundary);
      MAPISTORE_CHECK(write_related(shown));
    }
    if (bodies_.calendar) {
      if (!boundary.empty()) next(boundary);
      write_calendar();
    }
    if (!boundary.empty()) close(boundary);
    return {};
  }

  Result<> write_related(Attachments shown) {
    if (shown.empty()) return write_html();
    const std::string boundary = open("multipart/related", {{"type", "text/html"}});
    next(boundary);
    MAPISTORE_CHECK(write_html());
    for (const Attachment& attachment : shown) MAPISTORE_CHECK(write_child(attachment, boundary));
    close(boundary);
    return {};
  }

  Result<> write_report() {
    const bool is_receipt = text_or_empty(bag_, tag::message_class).find(".IPN") != std::string::npos;
    const std::string_view type = is_receipt ? "disposition-notification" : "delivery-status";
    const std::string boundary = open("multipart/report", {{"report-type", std::string(type)}});
    next(boundary);
    MAPISTORE_CHECK(write_alternative({}));
    const std::string wanted = std::string("message/") + std::string(type);
    const auto tells = [&](const Attachment& attachment) {
      return text_or_empty(attachment.properties, tag::attach_mime_tag) == wanted;
    };
    if (std::ranges::none_of(message_.attachments, tells)) {
      next(boundary);
      out_.add_lines("Content-Type: " + wanted + "\r\n\r\n");
      out_.add_lines(is_receipt ? receipt() : delivery_status(message_));
    }
    for (const Attachment& attachment : message_.attachments) MAPISTORE_CHECK(write_child(attachment, boundary));
    close(boundary);
    return {};
  }

  std::string receipt() const {
    const bool was_read = text_or_empty(bag_, tag::message_class).ends_with(".IPNRN");
    return std::string("Disposition: automatic-action/MDN-sent-automatically; ") +
           (was_read ? "displayed" : "deleted") + "\r\n";
  }

  Result<> write_plain() {
    // The code page is the one of the HTML, if there is any.
    return write_text(*bodies_.text, bodies_.html ? std::string{} : charset_in(bag_), out_, losses_);
  }

  Result<> write_html() {
    const EncodedBody body = encode_body(*bodies_.html, out_.newline());
    out_.add_lines(parameters_field("Content-Type", "text/html", {{"charset", charset_in(bag_)}}));
    out_.add_lines("Content-Transfer-Encoding: " + std::string(body.encoding) + "\r\n\r\n");
    out_.add_bytes(body.bytes);
    return {};
  }

  void write_calendar() {
    const EncodedBody body = encode_body(*bodies_.calendar, out_.newline());
    const std::string method(method_of(text_or_empty(bag_, tag::message_class)));
    out_.add_lines(parameters_field("Content-Type", "text/calendar", {{"charset", "utf-8"}, {"method", method}}));
    out_.add_lines("Content-Transfer-Encoding: " + std::string(body.encoding) + "\r\n\r\n");
    out_.add_bytes(body.bytes);
  }

  Result<> write_child(const Attachment& attachment, std::string_view boundary) {
    next(boundary);
    return write_attachment(attachment, std::string(seed_) + "/" + std::to_string(++children_), out_, losses_);
  }

  std::string open(std::string_view type, std::vector<std::pair<std::string_view, std::string>> parameters) {
    std::string boundary = mime::boundary_of(std::string(seed_) + std::string(type));
    parameters.emplace_back("boundary", boundary);
    out_.add_lines(parameters_field("Content-Type", type, parameters));
    return boundary;
  }

  void next(std::string_view boundary) { out_.add_lines("\r\n--" + std::string(boundary) + "\r\n"); }
  void close(std::string_view boundary) { out_.add_lines("\r\n--" + std::string(boundary) + "--\r\n"); }

  const MessageObject& message_;
  const PropertyBag& bag_;
  std::string_view seed_;
  Pieces& out_;
  LossReport& losses_;
  Bodies bodies_;
  std::size_t children_ = 0;
};

}  // namespace

Result<> write_entity(const MessageObject& message, std::string_view seed, Pieces& out, LossReport& losses) {
  return EntityWriter(message, seed, out, losses).write();
}

Result<> write_text(const std::string& text, std::string_view charset, Pieces& out, LossReport& losses) {
  bool changed = false;
  std::string lines = with_uniform_lines(text, out.newline(), changed);
  if (changed) losses.add("PidTagBody", Fidelity::approximated, "lines end as those of the mail do");
  auto encoded = charset.empty() ? std::nullopt : codec::encode_charset(charset, lines);
  if (!encoded && !charset.empty())
    losses.add("PidTagInternetCodepage", Fidelity::approximated, "it cannot tell the text, and utf-8 can");
  const bool needs_charset = encoded || !charset.empty() || !codec::is_all_ascii(lines);
  const EncodedBody body = encode_body(encoded ? *encoded : lines, out.newline());
  const std::string named = encoded ? std::string(charset) : needs_charset ? "utf-8" : "";
  out.add_lines(parameters_field("Content-Type", "text/plain", {{"charset", named}}));
  out.add_lines("Content-Transfer-Encoding: " + std::string(body.encoding) + "\r\n\r\n");
  out.add_bytes(body.bytes);
  return {};
}

Result<std::string> body_text(const PropertyBag& bag, const PropertyId& id) {
  if (const auto* large = bag.get<LargeValue>(id)) return large->content->text(largest_body);
  if (const auto* bytes = bag.get<Binary>(id))
    return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  return text_or_empty(bag, id);
}

}  // namespace mapistore::conversion
