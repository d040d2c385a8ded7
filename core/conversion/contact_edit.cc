#include <algorithm>
#include <map>

#include "core/codec/ascii.h"
#include "core/codec/shared_content.h"
#include "core/conversion/contact_members.h"
#include "core/conversion/contact_write.h"
#include "core/conversion/formats.h"
#include "core/conversion/mail_values.h"
#include "core/conversion/text_values.h"
#include "core/properties/known_properties.h"
#include "core/properties/property_names.h"

namespace mapistore::conversion {
namespace {

/// Splices the lines of fields into a document.
class Editor {
 public:
  Editor(codec::ContentDocument& document, const CardReading& reading) : document_(document), reading_(reading) {}

  void edit(const FieldLines& before, const FieldLines& after) {
    if (before.lines == after.lines) return;
    const auto found = reading_.lines.find(after.key);
    const std::vector<std::size_t> none;
    const std::vector<std::size_t>& old = found == reading_.lines.end() ? none : found->second;
    const bool paired = before.lines.size() == old.size();
    for (std::size_t i = 0; i < std::max(old.size(), after.lines.size()); ++i) {
      if (i >= after.lines.size()) {
        remove(old[i]);
      } else if (i >= old.size()) {
        document_.insert(old.empty() ? reading_.card->end : old.back() + 1,
                         card_line(after.lines[i], reading_.version));
      } else if (!paired || before.lines[i] != after.lines[i]) {
        document_.replace(old[i],
                          card_line_instead(after.lines[i], reading_.version, document_.content(old[i]), charsets_));
      }
    }
  }

  /// The label of a group that has lost all other lines goes with them.
  void remove_orphaned_labels() {
    if (removed_.empty()) return;
    std::map<std::string, std::size_t> others;
    for (const std::size_t number : reading_.card->lines) {
      const codec::ContentLine& line = document_.content(number);
      if (!line.group.empty() && !line.is("X-ABLABEL")) ++others[lower_case(line.group)];
    }
    for (const std::size_t number : reading_.card->lines) {
      const codec::ContentLine& line = document_.content(number);
      if (!line.is("X-ABLABEL")) continue;
      const auto removed = removed_.find(lower_case(line.group));
      if (removed != removed_.end() && removed->second == others[removed->first]) document_.remove(number);
    }
  }

 private:
  void remove(std::size_t number) {
    document_.remove(number);
    const std::string_view group = document_.content(number).group;
    if (!group.empty()) ++removed_[lower_case(group)];
  }

  codec::ContentDocument& document_;
  const CardReading& reading_;
  codec::CharsetDecoder charsets_;
  std::map<std::string, std::size_t> removed_;
};

/// The properties that a card tells, or that follow from those.
const PropertyBag& told_properties() {
  static const PropertyBag told = [] {
    PropertyBag bag;
    const auto add = [&](const PropertyId& id) { bag.set(id, std::monostate{}); };
    const auto add_components = [&](const auto& components) {
      for (const auto& id : components) {
        if (id) add(*id);
      }
    };
    for (const TextField& field : text_fields()) add(field.property);
    for (const StructuredField& field : name_fields()) add_components(field.components);
    for (const StructuredField& field : address_fields()) add_components(field.components);
    add_components(mailing_components());
    for (const TypedField& field : phone_fields()) std::ranges::for_each(field.properties, add);
    for (const TypedField& field : page_fields()) std::ranges::for_each(field.properties, add);
    for (const EmailField& field : email_fields()) {
      for (const PropertyId& id : {field.display_name, field.address_type, field.address, field.original_display_name,
                                   field.original_entry_id})
        add(id);
    }
    for (const DateField& field : date_fields()) add(field.property), add(field.local);
    std::ranges::for_each(user_fields(), add);
    for (const PropertyId& id : std::initializer_list<PropertyId>{
             tag::message_class, tag::subject, tag::normalized_subject, tag::sensitivity, tag::gender,
             tag::childrens_names, tag::user_x509_certificate, pname::keywords, lid::postal_address_id,
             lid::has_picture, lid::distribution_list_name, lid::distribution_list_members,
             lid::distribution_list_one_off_members, lid::distribution_list_checksum})
      add(id);
    return bag;
  }();
  return told;
}

/// Drops a text that is the same before and after, and was then nothing but a copy of `source`: it follows that.
void follow(const PropertyBag& before, PropertyBag& after, const PropertyId& copy, std::string_view source) {
  const auto text = text_property(after, copy);
  if (text && text == text_property(before, copy) && *text == source) after.erase(copy);
}

/// What is wanted, without copies of what has been changed.
MessageObject without_copies(const MessageObject& current, const MessageObject& wanted) {
  MessageObject message = wanted;
  const PropertyBag& before = current.properties;
  follow(before, message.properties, lid::file_under, name_of_contact(before));
  for (const EmailField& field : email_fields())
    follow(before, message.properties, field.display_name, text_property(before, field.address).value_or(""));
  return message;
}

bool is_photo(const Attachment& attachment) { return is_true(attachment.properties, tag::attachment_contact_photo); }

void report_values(const MessageObject& message, LossReport& losses) {
  const PropertyBag& bag = message.properties;
  for (const EmailField& field : email_fields()) {
    const auto type = text_property(bag, field.address_type);
    if (type && !codec::equal_ignoring_case(*type, "SMTP"))
      losses.add(property_key(field.address), Fidelity::dropped, "only an address of the internet has a line");
  }
  const auto* sensitivity = bag.get<std::int32_t>(tag::sensitivity);
  if (sensitivity != nullptr && (*sensitivity < 0 || *sensitivity > 3))
    losses.add(property_key(tag::sensitivity), Fidelity::dropped, "the value is none of the four");
  if (read_members(bag).others > 0)
    losses.add(property_key(lid::distribution_list_members), Fidelity::dropped, "a member has no address");
  if (const auto body = text_property(bag, tag::body); body && body->find('\r') != std::string::npos)
    losses.add(property_key(tag::body), Fidelity::approximated, "line ends are line feeds in a card");
}

}  // namespace

LossReport untold_by_card(const MessageObject& message) {
  LossReport losses;
  const auto told = [](const PropertyId& id) { return told_properties().contains(id); };
  report_untold(message.properties, told, "has no line in a card", losses);
  report_values(message, losses);
  if (!message.recipients.empty()) losses.add("recipients", Fidelity::dropped, "a card has none");
  bool photo = false;
  for (const Attachment& attachment : message.attachments) {
    if (photo || !is_photo(attachment)) losses.add("attachment", Fidelity::dropped, "a card holds one picture only");
    photo |= is_photo(attachment);
  }
  return losses;
}

Result<WrittenMessage> render_contact(const MessageObject& message) {
  constexpr CardVersion version = CardVersion::v3_0;
  LossReport losses = untold_by_card(message);
  std::string card = codec::content_line("BEGIN:VCARD", "\r\n") + codec::content_line("VERSION:3.0", "\r\n");
  for (FieldLines& field : write_fields(message, version)) {
    // RFC 2426 wants both, whatever is known.
    if (field.lines.empty() && field.key == "N") field.lines.push_back({.name = "N", .components = {";;;;"}});
    if (field.lines.empty() && field.key == "FN") {
      field.lines.push_back({.name = "FN", .components = {codec::escaped_text(name_of_contact(message.properties))}});
      losses.add(property_key(tag::display_name), Fidelity::approximated, "a card must have a formatted name");
    }
    for (const WrittenLine& line : field.lines) card += codec::content_line(card_line(line, version), "\r\n");
  }
  card += codec::content_line("END:VCARD", "\r\n");
  return WrittenMessage{held_content(std::move(card)), std::move(losses)};
}

Result<WrittenMessage> edit_contact(const SharedBytes& bytes, const MessageObject& current,
                                    const MessageObject& wanted) {
  codec::ContentDocument document(bytes.view());
  const CardReading reading = read_card(document, bytes);
  if (reading.card == nullptr) {
    if (current == wanted) return WrittenMessage{shared_content(bytes), {}};
    return fail(Errc::invalid_content, {}, "there is no card to change");
  }
  const auto before = write_fields(without_copies(current, current), reading.version);
  const auto after = write_fields(without_copies(current, wanted), reading.version);
  Editor editor(document, reading);
  for (std::size_t i = 0; i < after.size(); ++i) editor.edit(before[i], after[i]);
  editor.remove_orphaned_labels();
  return WrittenMessage{joined_content(document.pieces(bytes)), untold_by_card(wanted)};
}

}  // namespace mapistore::conversion
