#include <algorithm>

#include "core/codec/ascii.h"
#include "core/conversion/contact_labels.h"
#include "core/conversion/contact_reader.h"
#include "core/conversion/formats.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {

CardReading CardReader::read() {
  find_card();
  if (reading_.card == nullptr) return std::move(reading_);
  const GroupLabels labels = read_labels(document_, *reading_.card);
  for (const std::size_t number : reading_.card->lines) {
    const CardLine line = read_card_line(document_, number, labels, charsets_);
    if (!read_line(line)) lose(line, Fidelity::dropped, no_home);
  }
  finish();
  return std::move(reading_);
}

void CardReader::lose(std::string field, Fidelity fidelity, std::string_view reason) {
  reading_.result.losses.add(std::move(field), fidelity, std::string(reason));
}

void CardReader::lose(const CardLine& line, Fidelity fidelity, std::string_view reason) {
  lose(std::string(line.content->name), fidelity, reason);
}

void CardReader::find_card() {
  std::size_t cards = 0;
  for (const codec::ContentComponent& component : document_.root().children) {
    if (!component.is("VCARD")) {
      lose(std::string(component.name), Fidelity::dropped, "is no card");
    } else if (++cards == 1) {
      reading_.card = &component;
    } else {
      lose("VCARD[" + std::to_string(cards) + "]", Fidelity::dropped, "only the first card of a file is the contact");
    }
  }
  std::string_view class_name = contact_class;
  if (reading_.card == nullptr) {
    lose("VCARD", Fidelity::dropped, "there is no card");
  } else {
    for (const std::size_t number : reading_.card->lines) {
      const codec::ContentLine& line = document_.content(number);
      if (line.is("VERSION", "2.1")) reading_.version = CardVersion::v2_1;
      if (line.is("VERSION", "4.0")) reading_.version = CardVersion::v4_0;
      if (line.is("KIND", "group") || line.is("X-ADDRESSBOOKSERVER-KIND", "group"))
        class_name = distribution_list_class;
    }
    for (const codec::ContentComponent& nested : reading_.card->children)
      lose(std::string(nested.name), Fidelity::dropped, "a card within a card has no property");
  }
  bag().set(tag::message_class, std::string(class_name));
}

bool CardReader::read_line(const CardLine& line) {
  if (codec::trim(line.value).empty() || read_silent(line)) return true;
  return read_text(line) || read_structured(line) || read_address(line) || read_typed(line) || read_email(line) ||
         read_date(line) || read_media_line(line) || read_choice(line) || read_list(line) || read_related(line) ||
         read_member(line);
}

bool CardReader::read_silent(const CardLine& line) {
  const codec::ContentLine& content = *line.content;
  if (content.is("VERSION") || content.is("PROFILE", "VCARD")) return true;
  if (content.is("X-ABLABEL")) return !content.group.empty() && is_known_label(content.value);
  if (!content.is("KIND") && !content.is("X-ADDRESSBOOKSERVER-KIND")) return false;
  const std::string_view kind = codec::trim(line.value);
  if (!codec::equal_ignoring_case(kind, "group") && !codec::equal_ignoring_case(kind, "individual")) return false;
  take(kind_key, line);
  return true;
}

void CardReader::take(std::string_view key, const CardLine& line) {
  reading_.lines[key].push_back(line.number);
  for (const codec::ContentParameter& parameter : line.parameters) {
    bool told = parameter.is(display_name_parameter);
    for (const std::string_view known : {"TYPE", "ENCODING", "CHARSET", "VALUE", "MEDIATYPE"})
      told |= parameter.is(known);
    if (!told) lose(std::string(line.content->name) + ";" + parameter.name, Fidelity::dropped, no_home);
  }
}

void CardReader::set_once(std::string_view key, const PropertyId& id, std::string text, const CardLine& line) {
  if (text.empty()) return;
  if (bag().contains(id)) return lose(line, Fidelity::dropped, no_room);
  take(key, line);
  set_text(bag(), id, std::move(text));
}

void CardReader::set_components(std::string_view key, const std::vector<std::optional<PropertyId>>& properties,
                                const CardLine& line) {
  const bool taken = std::ranges::any_of(properties, [&](const auto& id) { return id && bag().contains(*id); });
  if (taken) return lose(line, Fidelity::dropped, no_room);
  take(key, line);
  const auto components = codec::split_unescaped(line.value, ';');
  bool untold = false;
  for (std::size_t i = 0; i < components.size(); ++i) {
    std::string text = codec::unescaped_text(components[i]);
    if (codec::trim(text).empty()) continue;
    if (i < properties.size() && properties[i]) {
      set_text(bag(), *properties[i], std::move(text));
    } else {
      untold = true;
    }
  }
  if (untold) lose(line, Fidelity::approximated, "a component has no property");
}

void CardReader::finish_names() {
  const bool list = text_property(bag(), tag::message_class) == distribution_list_class;
  std::string name = name_of_contact(bag());
  if (name.empty()) return;
  if (list) set_text(bag(), lid::distribution_list_name, name);
  if (!bag().contains(lid::file_under)) set_text(bag(), lid::file_under, name);
  set_text(bag(), tag::normalized_subject, name);
  set_text(bag(), tag::subject, std::move(name));
}

/// The mailing address is a copy of one of the three.
void CardReader::finish_mailing_address() {
  const auto* chosen = bag().get<std::int32_t>(lid::postal_address_id);
  if (chosen == nullptr || *chosen < 1) return;
  const auto& from = address_fields()[static_cast<std::size_t>(*chosen - 1)].components;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (!from[i] || !mailing_components()[i]) continue;
    if (auto text = text_property(bag(), *from[i])) set_text(bag(), *mailing_components()[i], *std::move(text));
  }
}

void CardReader::finish() {
  finish_names();
  finish_mailing_address();
  members_.set(bag());
  if (!categories_.empty()) bag().set(pname::keywords, std::move(categories_));
  if (!children_.empty()) bag().set(tag::childrens_names, std::move(children_));
  if (!certificates_.empty()) bag().set(tag::user_x509_certificate, std::move(certificates_));
}

CardReading read_card(const codec::ContentDocument& document, const SharedBytes& bytes) {
  return CardReader(document, bytes).read();
}

ReadMessage read_contact(const SharedBytes& bytes) {
  const codec::ContentDocument document(bytes.view());
  return read_card(document, bytes).result;
}

}  // namespace mapistore::conversion
