#include "core/conversion/contact_write.h"

#include <algorithm>
#include <array>

#include "core/codec/ascii.h"
#include "core/conversion/contact_dates.h"
#include "core/conversion/contact_media.h"
#include "core/conversion/contact_members.h"
#include "core/conversion/mail_values.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

/// Texts cannot hold NUL: no program that reads cards expects one.
std::string without_nul(std::string text) {
  std::erase(text, '\0');
  return text;
}

/// vCard 2.1 has no escape for a line end: that is left to the encoding of the whole value.
std::string escaped(std::string text, CardVersion version) {
  text = without_nul(std::move(text));
  if (version != CardVersion::v2_1) return codec::escaped_text(text);
  std::string plain;
  for (const char c : text) {
    if (c == '\\' || c == ';' || c == ',') plain += '\\';
    plain += c;
  }
  return plain;
}

/// A URI is written as it is, but for what would break the line or be taken for an escape.
std::string escaped_uri(std::string text) {
  std::string plain;
  for (const char c : without_nul(std::move(text))) {
    if (c == '\\') plain += '\\';
    if (c == '\n')
      plain += "\\n";
    else if (c != '\r')
      plain += c;
  }
  return plain;
}

class Writer {
 public:
  Writer(const MessageObject& message, CardVersion version)
      : message_(message), bag_(message.properties), version_(version) {}

  std::vector<FieldLines> write() {
    write_kind();
    write_texts(1);
    for (const StructuredField& field : name_fields()) write_structured(field);
    write_texts(text_fields().size());
    write_emails();
    for (const TypedField& field : phone_fields()) write_typed(field, false);
    for (const StructuredField& field : address_fields()) write_structured(field);
    write_mailing_address();
    for (const TypedField& field : page_fields()) write_typed(field, true);
    for (const DateField& field : date_fields()) write_date(field);
    write_choices();
    write_lists();
    write_members();
    write_media();
    return std::move(fields_);
  }

 private:
  std::vector<WrittenLine>& begin(std::string_view key) { return fields_.emplace_back(key).lines; }
  void line(std::vector<WrittenLine>& lines, std::string_view name, std::string value) {
    lines.push_back({.name = std::string(name), .components = {std::move(value)}});
  }

  /// The text fields up to number `end` that are not yet written.
  void write_texts(std::size_t end) {
    for (; texts_ < end; ++texts_) {
      const TextField& field = text_fields()[texts_];
      auto& lines = begin(field.names.front());
      auto text = text_property(bag_, field.property);
      if (field.property == PropertyId(lid::file_under) && text == text_property(bag_, tag::display_name)) continue;
      if (!text) continue;
      line(lines, field.names.front(), field.uri ? escaped_uri(*std::move(text)) : escaped(*std::move(text), version_));
    }
  }

  void write_structured(const StructuredField& field) {
    auto& lines = begin(field.key);
    WrittenLine written{.name = std::string(field.name)};
    if (!field.type.empty()) written.types = {field.type};
    bool any = false;
    for (const auto& id : field.components) {
      auto text = id ? text_property(bag_, *id) : std::nullopt;
      any |= text.has_value();
      written.components.push_back(id ? std::optional(escaped(std::move(text).value_or(""), version_)) : std::nullopt);
    }
    if (any) lines.push_back(std::move(written));
  }

  void write_typed(const TypedField& field, bool uri) {
    auto& lines = begin(field.key);
    for (const PropertyId& id : field.properties) {
      auto text = text_property(bag_, id);
      if (!text) continue;
      line(lines, field.name, uri ? escaped_uri(*std::move(text)) : escaped(*std::move(text), version_));
      lines.back().types = field.types;
    }
  }

  void write_emails() {
    auto& lines = begin(email_key);
    for (const EmailField& field : email_fields()) {
      auto address = text_property(bag_, field.address);
      const std::string type = text_property(bag_, field.address_type).value_or("SMTP");
      if (!address || !codec::equal_ignoring_case(type, "SMTP")) continue;
      const std::string display_name = text_property(bag_, field.display_name).value_or(*address);
      std::string parameters = display_name_of(display_name, *address);
      line(lines, "EMAIL", escaped(*std::move(address), version_));
      lines.back().parameters = std::move(parameters);
      if (version_ != CardVersion::v4_0) lines.back().types = {"INTERNET"};
    }
  }

  static std::string display_name_of(std::string_view display_name, std::string_view address) {
    if (display_name == address || display_name.empty()) return {};
    return ";" + std::string(display_name_parameter) + "=" +
           codec::parameter_value(without_nul(std::string(display_name)));
  }

  void write_mailing_address() {
    auto& lines = begin(mailing_key);
    const auto* chosen = bag_.get<std::int32_t>(lid::postal_address_id);
    if (chosen != nullptr && *chosen >= 0 && *chosen <= 3) line(lines, mailing_key, std::to_string(*chosen));
  }

  void write_date(const DateField& field) {
    auto& lines = begin(field.names.front());
    const auto* time = bag_.get<SystemTime>(field.local);
    if (time == nullptr) time = bag_.get<SystemTime>(field.property);
    const auto text = time ? contact_day_text(*time, version_ != CardVersion::v4_0) : std::nullopt;
    if (!text) return;
    line(lines, field.names[version_ == CardVersion::v4_0 ? 0 : 1], *text);
    lines.back().own_parameters = true;
  }

  void write_choices() {
    auto& classes = begin(class_key);
    constexpr std::array<std::string_view, 4> names{"PUBLIC", "X-PERSONAL", "PRIVATE", "CONFIDENTIAL"};
    const auto* sensitivity = bag_.get<std::int32_t>(tag::sensitivity);
    if (sensitivity != nullptr && *sensitivity >= 0 && *sensitivity <= 3)
      line(classes, "CLASS", std::string(names[static_cast<std::size_t>(*sensitivity)]));
    auto& genders = begin(gender_key);
    const auto* gender = bag_.get<std::int16_t>(tag::gender);
    if (gender == nullptr || (*gender != 1 && *gender != 2)) return;
    const bool female = *gender == 1;
    if (version_ == CardVersion::v4_0)
      line(genders, "GENDER", female ? "F" : "M");
    else
      line(genders, "X-GENDER", female ? "Female" : "Male");
  }

  void write_lists() {
    auto& categories = begin(categories_key);
    if (const auto* keywords = bag_.get<std::vector<std::string>>(pname::keywords); keywords && !keywords->empty()) {
      std::string joined;
      for (const std::string& keyword : *keywords) joined += (joined.empty() ? "" : ",") + escaped(keyword, version_);
      line(categories, "CATEGORIES", std::move(joined));
    }
    auto& children = begin(children_key);
    if (const auto* names = bag_.get<std::vector<std::string>>(tag::childrens_names)) {
      for (const std::string& name : *names) line(children, children_key, escaped(name, version_));
    }
    // They are told by their order: one that is not set needs a line all the same.
    auto& texts = begin(user_fields_key);
    std::size_t count = 0;
    for (std::size_t i = 0; i < user_fields().size(); ++i) {
      if (text_property(bag_, user_fields()[i])) count = i + 1;
    }
    for (std::size_t i = 0; i < count; ++i)
      line(texts, user_fields_key, escaped(text_property(bag_, user_fields()[i]).value_or(""), version_));
  }

  bool is_list() const { return text_property(bag_, tag::message_class) == distribution_list_class; }

  void write_kind() {
    auto& lines = begin(kind_key);
    if (is_list()) line(lines, version_ == CardVersion::v4_0 ? "KIND" : "X-ADDRESSBOOKSERVER-KIND", "group");
  }

  void write_members() {
    auto& lines = begin(member_key);
    if (!is_list()) return;
    for (const OneOffAddress& member : read_members(bag_).addresses) {
      line(lines, version_ == CardVersion::v4_0 ? "MEMBER" : "X-ADDRESSBOOKSERVER-MEMBER",
           "mailto:" + escaped_uri(member.address));
      lines.back().parameters = display_name_of(member.display_name, member.address);
    }
  }

  void write_media() {
    auto& keys = begin(key_key);
    const auto* certificates = bag_.get<std::vector<Binary>>(tag::user_x509_certificate);
    for (std::size_t i = 0; certificates != nullptr && i < certificates->size(); ++i)
      media_line(keys, "KEY", version_ == CardVersion::v4_0 ? "application/pkix-cert" : "application/X509",
                 *bytes_of((*certificates)[i]));
    auto& photos = begin(photo_key);
    for (const Attachment& attachment : message_.attachments) {
      const Property* data = attachment.properties.find(tag::attach_data_binary);
      if (!is_true(attachment.properties, tag::attachment_contact_photo) || data == nullptr) continue;
      const auto bytes = bytes_of(data->value);
      if (!bytes) continue;
      media_line(photos, "PHOTO", text_property(attachment.properties, tag::attach_mime_tag).value_or(""), *bytes);
      return;
    }
  }

  void media_line(std::vector<WrittenLine>& lines, std::string_view name, std::string_view type,
                  std::string_view bytes) {
    MediaText text = media_text(version_, type, bytes);
    line(lines, name, std::move(text.value));
    lines.back().parameters = std::move(text.parameters);
    lines.back().own_parameters = true;
  }

  const MessageObject& message_;
  const PropertyBag& bag_;
  CardVersion version_;
  std::vector<FieldLines> fields_;
  std::size_t texts_ = 0;
};

}  // namespace

std::vector<FieldLines> write_fields(const MessageObject& message, CardVersion version) {
  return Writer(message, version).write();
}

}  // namespace mapistore::conversion
