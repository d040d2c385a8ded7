#include <algorithm>
#include <optional>

#include "core/codec/ascii.h"
#include "core/codec/charset_encoder.h"
#include "core/codec/code_pages.h"
#include "core/codec/utf8.h"
#include "core/conversion/mail_attachments.h"
#include "core/conversion/mail_contents.h"
#include "core/conversion/mail_edit.h"
#include "core/conversion/mail_encode.h"
#include "core/conversion/mail_entity.h"
#include "core/conversion/mail_field_text.h"
#include "core/conversion/mail_header.h"
#include "core/conversion/mail_layout.h"
#include "core/conversion/mail_match.h"
#include "core/conversion/mail_meetings.h"
#include "core/conversion/mail_values.h"
#include "core/mime/parameters.h"
#include "core/mime/writer.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

std::string_view charset_of(std::int32_t code_page) noexcept {
  return codec::mime_charset_of(static_cast<std::uint32_t>(code_page));
}

bool same_value(const PropertyBag& a, const PropertyBag& b, const PropertyId& id) {
  const Property* one = a.find(id);
  const Property* other = b.find(id);
  return one == nullptr || other == nullptr ? one == other : one->value == other->value;
}

std::unexpected<Error> sealed() {
  return fail(Errc::not_permitted, {}, "is signed or encrypted: a change would break that",
              "allow signatures to be broken, or change a copy");
}

class ContentsEditor {
 public:
  ContentsEditor(const MailEdit& edit, mime::Splice& splice, LossReport& losses)
      : edit_{edit},
        splice_{splice},
        losses_{losses},
        layout_{lay_out(edit.message)},
        match_{match_attachments(edit.current.attachments, edit.wanted.attachments)} {}

  Result<> run() {
    find_changes();
    calendar_ = MAPISTORE_TRY(changed_calendar());
    if (!text_ && !html_ && !calendar_ && match_.is_unchanged()) return {};
    if (!edit_.rules.break_signatures) MAPISTORE_CHECK(check_seals());
    if (!is_rewrite_needed()) return edit_parts();
    return rewrite();
  }

 private:
  void find_changes() {
    const PropertyBag& before = edit_.current.properties;
    const PropertyBag& after = edit_.wanted.properties;
    const bool same_charset = same_value(before, after, tag::internet_codepage);
    text_ = !same_value(before, after, tag::body);
    html_ = !same_value(before, after, tag::html) || (!same_charset && after.contains(tag::html));
    text_ = text_ || (!same_charset && after.contains(tag::body) && !after.contains(tag::html));
  }

  Result<std::optional<std::string>> changed_calendar() {
    if (layout_.calendar == nullptr) return std::nullopt;
    return edited_calendar(*layout_.calendar, edit_.current, edit_.wanted, losses_);
  }

  Result<> check_seals() const {
    if (!dkim_signed_fields(edit_.message.header).empty()) return sealed();
    if (edit_.message.verbatim) return sealed();
    if (text_ && layout_.text != nullptr && layout_.text->verbatim) return sealed();
    if (html_ && layout_.html != nullptr && layout_.html->verbatim) return sealed();
    for (const std::size_t number : match_.touched())
      if (number < layout_.attachments.size() && layout_.attachments[number].part->verbatim) return sealed();
    return {};
  }

  /// Whether more changes than single parts can tell.
  bool is_rewrite_needed() const {
    const bool has_text = layout_.text != nullptr && edit_.wanted.properties.contains(tag::body);
    const bool has_html = layout_.html != nullptr && edit_.wanted.properties.contains(tag::html);
    if ((text_ && !has_text) || (html_ && !has_html)) return true;
    const auto is_fixed = [](const mime::Part* part) { return part != nullptr && part->verbatim; };
    if ((text_ && is_fixed(layout_.text)) || (html_ && is_fixed(layout_.html))) return true;
    const bool has_uuencoded =
        std::ranges::any_of(layout_.attachments, [](const AttachmentPlace& place) { return !place.uuencoded.empty(); });
    if (has_uuencoded && (text_ || !match_.is_unchanged())) return true;
    for (const std::size_t number : match_.touched())
      if (number >= layout_.attachments.size() || layout_.attachments[number].part->verbatim ||
          layout_.attachments[number].part == &edit_.message)
        return true;
    const bool has_room =
        edit_.message.file_name.empty() && (!edit_.message.is_multipart() || !edit_.message.children.empty());
    if (!match_.added.empty() && !has_room) return true;
    return !match_.removed.empty() && !can_remove();
  }

  Result<> edit_parts() {
    if (text_) MAPISTORE_CHECK(edit_text(*layout_.text));
    if (html_) MAPISTORE_CHECK(edit_html(*layout_.html));
    if (calendar_) replace_leaf(*layout_.calendar, *calendar_, "utf-8");
    for (const auto& [old, changed] : match_.changed) MAPISTORE_CHECK(edit_attachment(old, changed));
    remove_attachments();
    return match_.added.empty() ? Result<>{} : add_attachments();
  }

  Result<> edit_text(const mime::Part& part) {
    std::string text = MAPISTORE_TRY(body_text(edit_.wanted.properties, tag::body));
    if (part.encoding != mime::Encoding::base64) {
      bool changed = false;
      text = with_uniform_lines(std::move(text), edit_.newline, changed);
      if (changed) losses_.add("PidTagBody", Fidelity::approximated, "lines end as those of the mail do");
    }
    std::string charset = part.type.charset;
    const auto code_page = held_number(edit_.wanted.properties, tag::internet_codepage);
    const bool is_asked = code_page && layout_.html == nullptr &&
                          !same_value(edit_.current.properties, edit_.wanted.properties, tag::internet_codepage);
    if (is_asked && !charset_of(*code_page).empty()) charset = charset_of(*code_page);
    auto encoded = codec::encode_charset(charset.empty() ? "us-ascii" : charset, text);
    if (!encoded) charset = "utf-8";
    replace_leaf(part, encoded ? *encoded : text, charset);
    return {};
  }

  Result<> edit_html(const mime::Part& part) {
    const std::string bytes = MAPISTORE_TRY(body_text(edit_.wanted.properties, tag::html));
    const auto code_page = held_number(edit_.wanted.properties, tag::internet_codepage);
    const bool is_asked =
        code_page && !same_value(edit_.current.properties, edit_.wanted.properties, tag::internet_codepage);
    replace_leaf(part, bytes, is_asked ? std::string(charset_of(*code_page)) : part.type.charset);
    return {};
  }

  /// How the part is encoded, which it stays where that can hold the new bytes.
  static Preferred preferred(const mime::Part& part) {
    if (part.encoding == mime::Encoding::base64) return Preferred::base64;
    if (part.encoding == mime::Encoding::quoted_printable) return Preferred::quoted_printable;
    return codec::is_all_ascii(part.body) ? Preferred::seven_bit : Preferred::eight_bit;
  }

  void replace_leaf(const mime::Part& part, std::string_view bytes, const std::string& charset) {
    EncodedBody body = encode_body(bytes, edit_.newline, preferred(part));
    const bool same_type = codec::equal_ignoring_case(charset, part.type.charset) && !part.type.format_flowed;
    const bool same_encoding = part.encoding == encoding_called(body.encoding);
    if (!same_type || !same_encoding) replace_fields(part, charset, same_type, same_encoding, body.encoding);
    splice_.replace(part.body, std::move(body.bytes));
  }

  static mime::Encoding encoding_called(std::string_view name) {
    if (name == "base64") return mime::Encoding::base64;
    return name == "quoted-printable" ? mime::Encoding::quoted_printable : mime::Encoding::identity;
  }

  void replace_fields(const mime::Part& part, const std::string& charset, bool same_type, bool same_encoding,
                      std::string_view encoding) {
    bool has_type = same_type;
    bool has_encoding = same_encoding;
    for (const mime::Field& field : mime::read_fields(part.header)) {
      if (field.is("Content-Type") && !same_type) {
        splice_.replace(field.whole, has_type ? std::string{} : lines(type_field(field.value, charset)));
        has_type = true;
      } else if (field.is("Content-Transfer-Encoding") && !same_encoding) {
        splice_.replace(field.whole, has_encoding ? std::string{} : encoding_field(encoding));
        has_encoding = true;
      }
    }
    std::string added;
    if (!has_type) added += lines(type_field(part.type.type + "/" + part.type.subtype, charset));
    if (!has_encoding) added += encoding_field(encoding);
    if (added.empty()) return;
    // A part without header begins with its body.
    if (part.header.empty() && part.body.data() == part.whole.data()) added += edit_.newline;
    splice_.replace(part.header.substr(part.header.size()), std::move(added));
  }

  std::string type_field(std::string_view value, const std::string& charset) const {
    const mime::ParameterizedValue old = mime::read_parameters(value);
    std::vector<std::pair<std::string_view, std::string>> parameters{{"charset", charset}};
    for (const mime::Parameter& parameter : old.parameters)
      if (parameter.name != "charset" && parameter.name != "format" && parameter.name != "delsp")
        parameters.emplace_back(parameter.name, parameter.value);
    return parameters_field("Content-Type", old.value, parameters);
  }

  std::string encoding_field(std::string_view encoding) const {
    return lines("Content-Transfer-Encoding: " + std::string(encoding) + "\r\n");
  }

  std::string lines(std::string text) const { return with_newline(std::move(text), edit_.newline); }

  Result<> edit_attachment(std::size_t old_number, std::size_t new_number) {
    const Attachment& old = edit_.current.attachments[old_number];
    const Attachment& changed = edit_.wanted.attachments[new_number];
    const mime::Part& part = *layout_.attachments[old_number].part;
    const bool same_outside = same_but_number(old.properties, changed.properties);
    if (old.embedded != nullptr && changed.embedded != nullptr && same_outside)
      return edit_embedded(part, *old.embedded, *changed.embedded);
    Pieces pieces(edit_.newline);
    const bool same_data = old.embedded == nullptr && changed.embedded == nullptr && part.children.empty() &&
                           same_value(old.properties, changed.properties, tag::attach_data_binary) &&
                           !holds_sealed_entity(changed);
    if (same_data) {
      write_attachment_header(changed, encoding_of(part), pieces, losses_);
      const auto header_size = static_cast<std::size_t>(part.body.data() - part.whole.data());
      splice_.replace(part.whole.substr(0, header_size), pieces.take());
      return {};
    }
    MAPISTORE_CHECK(write_attachment(changed, seed(new_number), pieces, losses_));
    splice_.replace(part.whole, pieces.take());
    return {};
  }

  static std::string encoding_of(const mime::Part& part) {
    const std::vector<mime::Field> fields = mime::read_fields(part.header);
    const mime::Field* field = mime::find_field(fields, "Content-Transfer-Encoding");
    return field == nullptr ? std::string{} : mime::read_parameters(field->value).value;
  }

  Result<> edit_embedded(const mime::Part& part, const MessageObject& current, const MessageObject& wanted) {
    if (!part.children.empty())
      return edit_message_at({edit_.bytes, part.children.front(), current, wanted, edit_.rules, edit_.newline}, splice_,
                             losses_);
    auto held = held_part(part, largest_encoded_message);
    if (!held) return fail(Errc::too_large, "message/rfc822", "is too large to be changed");
    const SharedBytes decoded = SharedBytes::of(*std::move(held));
    const mime::Part message = mime::read_structure(decoded.view(), {.depth = deepest_part, .parts = most_parts});
    mime::Splice inside(decoded);
    MAPISTORE_CHECK(edit_message_at({decoded, message, current, wanted, edit_.rules, mime::line_end_of(decoded.view())},
                                    inside, losses_));
    const bool same_encoding = part.encoding == mime::Encoding::base64;
    if (!same_encoding) replace_fields(part, part.type.charset, true, false, "base64");
    splice_.replace(part.body, base64_lines(MAPISTORE_TRY(inside.content()), edit_.newline));
    return {};
  }

  /// The parts that go stand beside ones that stay.
  bool can_remove() const {
    return std::ranges::all_of(match_.removed, [this](std::size_t number) {
      const mime::Part* parent = parent_of(edit_.message, *layout_.attachments[number].part);
      return parent != nullptr && parent->is_multipart() &&
             std::ranges::any_of(parent->children, [this](const mime::Part& child) { return !is_removed(child); });
    });
  }

  bool is_removed(const mime::Part& part) const {
    return std::ranges::any_of(match_.removed,
                               [&](std::size_t number) { return layout_.attachments[number].part == &part; });
  }

  static const mime::Part* parent_of(const mime::Part& from, const mime::Part& part) {
    for (const mime::Part& child : from.children) {
      if (&child == &part) return &from;
      const bool is_inside = part.whole.data() >= child.whole.data() &&
                             part.whole.data() + part.whole.size() <= child.whole.data() + child.whole.size();
      if (!is_inside) continue;
      if (const mime::Part* parent = parent_of(child, part)) return parent;
    }
    return nullptr;
  }

  void remove_attachments() {
    for (const std::size_t number : match_.removed) {
      const mime::Part& part = *layout_.attachments[number].part;
      const mime::Part& parent = *parent_of(edit_.message, part);
      splice_.remove_part(parent, static_cast<std::size_t>(&part - parent.children.data()));
    }
  }

  static const char* end_of(const mime::Part& part) { return part.whole.data() + part.whole.size(); }

  Result<> add_attachments() {
    const mime::Part& message = edit_.message;
    const bool is_mixed = message.type.is("multipart", "mixed") && !message.type.boundary.empty();
    const std::string boundary = is_mixed ? message.type.boundary : unused_boundary();
    Pieces pieces(edit_.newline);
    for (const std::size_t number : match_.added) {
      if (number != match_.added.front())
        pieces.add_bytes(std::string(edit_.newline).append("--").append(boundary).append(edit_.newline));
      MAPISTORE_CHECK(write_attachment(edit_.wanted.attachments[number], seed(number), pieces, losses_));
    }
    splice_.add_part(message, pieces.take(), boundary);
    return {};
  }

  static bool is_content(const mime::Field& field) {
    return codec::starts_ignoring_case(field.name, "content-") && !field.is("Content-Language") &&
           !field.is("Content-Class");
  }

  std::string missing_fields() const {
    const std::vector<mime::Field> fields = mime::read_fields(edit_.message.header);
    return mime::find_field(fields, "MIME-Version") == nullptr ? lines("MIME-Version: 1.0\r\n") : std::string{};
  }

  std::string unused_boundary() const {
    for (std::string seed = seed_of(edit_.wanted);; seed += '+') {
      std::string boundary = mime::boundary_of(seed);
      if (edit_.message.whole.find(boundary) == std::string_view::npos) return boundary;
    }
  }

  std::string seed(std::size_t number) const { return seed_of(edit_.wanted) + "/added/" + std::to_string(number); }

  /// Writes all that the message holds anew; its other fields stay.
  Result<> rewrite() {
    Pieces pieces(edit_.newline);
    if (const std::string missing = missing_fields(); !missing.empty()) pieces.add_bytes(missing);
    MAPISTORE_CHECK(write_entity(edit_.wanted, seed_of(edit_.wanted), pieces, losses_));
    for (const mime::Field& field : mime::read_fields(edit_.message.header))
      if (is_content(field)) splice_.replace(field.whole, std::string{});
    const char* end = edit_.message.header.data() + edit_.message.header.size();
    splice_.replace(std::string_view(end, end_of(edit_.message)), pieces.take());
    return {};
  }

  const MailEdit& edit_;
  mime::Splice& splice_;
  LossReport& losses_;
  Layout layout_;
  AttachmentMatch match_;
  bool text_ = false;
  bool html_ = false;
  std::optional<std::string> calendar_;
};

}  // namespace

Result<> edit_contents(const MailEdit& edit, mime::Splice& splice, LossReport& losses) {
  return ContentsEditor(edit, splice, losses).run();
}

}  // namespace mapistore::conversion
