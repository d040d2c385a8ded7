#include <algorithm>
#include <array>

#include "core/codec/ascii.h"
#include "core/conversion/contact_card.h"
#include "core/conversion/contact_dates.h"
#include "core/conversion/contact_media.h"
#include "core/conversion/contact_members.h"
#include "core/conversion/formats.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

using codec::equal_ignoring_case;

struct Label {
  std::string_view label;
  std::string_view types;
};

/// What labels of Apple's and Google's address books say as types.
constexpr std::array labels_known{
    Label{"work", "work"},
    Label{"home", "home"},
    Label{"mobile", "cell"},
    Label{"iphone", "cell"},
    Label{"main", "main"},
    Label{"pager", "pager"},
    Label{"other", "other"},
    Label{"homefax", "home,fax"},
    Label{"workfax", "work,fax"},
    Label{"otherfax", "fax"},
    Label{"homepage", "homepage"},
    Label{"anniversary", "anniversary"},
    Label{"spouse", "spouse"},
    Label{"manager", "manager"},
    Label{"assistant", "assistant"},
    Label{"child", "child"},
    Label{"assistantphone", "assistant"},
    Label{"company", "company"},
    Label{"callback", "callback"},
    Label{"car", "car"},
    Label{"radio", "radio"},
    Label{"telex", "telex"},
};

/// `_$!<HomePage>!$_` without what Apple puts around the labels it made itself.
std::string plain_label(std::string_view value) {
  value = codec::trim(value);
  if (value.starts_with("_$!<") && value.ends_with(">!$_") && value.size() > 8)
    value = value.substr(4, value.size() - 8);
  std::string label(value);
  std::ranges::transform(label, label.begin(), codec::lower);
  return label;
}

const Label* find_label(std::string_view value) {
  const std::string label = plain_label(value);
  const auto found = std::ranges::find(labels_known, label, &Label::label);
  return found == labels_known.end() ? nullptr : &*found;
}

GroupLabels read_labels(const codec::ContentDocument& document, const codec::ContentComponent& card) {
  GroupLabels labels;
  for (const std::size_t number : card.lines) {
    const codec::ContentLine& line = document.content(number);
    if (!line.is("X-ABLABEL") || line.group.empty()) continue;
    const Label* label = find_label(line.value);
    if (label == nullptr) continue;
    std::string group(line.group);
    std::ranges::transform(group, group.begin(), codec::lower);
    auto& types = labels[std::move(group)];
    if (!types.empty()) continue;  // the first label counts
    for (std::string_view rest = label->types; !rest.empty();) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      types.emplace_back(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return labels;
}

constexpr std::string_view no_home = "has no property";
constexpr std::string_view no_room = "all properties of its kind are taken";

class Reader {
 public:
  Reader(const codec::ContentDocument& document, const SharedBytes& bytes) : document_(document), bytes_(bytes) {}

  CardReading read() {
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

 private:
  PropertyBag& bag() { return reading_.result.message.properties; }
  void lose(std::string field, Fidelity fidelity, std::string_view reason) {
    reading_.result.losses.add(std::move(field), fidelity, std::string(reason));
  }
  void lose(const CardLine& line, Fidelity fidelity, std::string_view reason) {
    lose(std::string(line.content->name), fidelity, reason);
  }

  void find_card();
  bool read_line(const CardLine& line);
  bool read_silent(const CardLine& line);
  bool read_text(const CardLine& line);
  bool read_structured(const CardLine& line);
  bool read_address(const CardLine& line);
  bool read_typed(const CardLine& line);
  bool read_email(const CardLine& line);
  bool read_date(const CardLine& line);
  bool read_media_line(const CardLine& line);
  bool read_choice(const CardLine& line);
  bool read_list(const CardLine& line);
  bool read_related(const CardLine& line);
  bool read_member(const CardLine& line);
  void finish();
  void finish_names();
  void finish_mailing_address();

  /// Notes that a field was read from a line, and what of the line it does not say.
  void take(std::string_view key, const CardLine& line);
  /// Sets a text that is not set; else it has no room.
  void set_once(std::string_view key, const PropertyId& id, std::string text, const CardLine& line);
  void set_components(std::string_view key, const std::vector<std::optional<PropertyId>>& properties,
                      const CardLine& line);

  const codec::ContentDocument& document_;
  const SharedBytes& bytes_;
  codec::CharsetDecoder charsets_;
  CardReading reading_;
  std::size_t emails_ = 0;
  std::size_t user_fields_ = 0;
  bool preferred_address_ = false;
  MemberList members_;
  std::vector<std::string> categories_, children_;
  std::vector<Binary> certificates_;
};

void Reader::find_card() {
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

bool Reader::read_line(const CardLine& line) {
  if (codec::trim(line.value).empty() || read_silent(line)) return true;
  return read_text(line) || read_structured(line) || read_address(line) || read_typed(line) || read_email(line) ||
         read_date(line) || read_media_line(line) || read_choice(line) || read_list(line) || read_related(line) ||
         read_member(line);
}

/// Lines that are about the card, not about the contact.
bool Reader::read_silent(const CardLine& line) {
  const codec::ContentLine& content = *line.content;
  if (content.is("VERSION") || content.is("PROFILE", "VCARD")) return true;
  if (content.is("X-ABLABEL")) return !content.group.empty() && find_label(content.value) != nullptr;
  if (!content.is("KIND") && !content.is("X-ADDRESSBOOKSERVER-KIND")) return false;
  const std::string_view kind = codec::trim(line.value);
  if (!equal_ignoring_case(kind, "group") && !equal_ignoring_case(kind, "individual")) return false;
  take(kind_key, line);
  return true;
}

void Reader::take(std::string_view key, const CardLine& line) {
  reading_.lines[key].push_back(line.number);
  for (const codec::ContentParameter& parameter : line.parameters) {
    bool told = parameter.is(display_name_parameter);
    for (const std::string_view known : {"TYPE", "ENCODING", "CHARSET", "VALUE", "MEDIATYPE"})
      told |= parameter.is(known);
    if (!told) lose(std::string(line.content->name) + ";" + parameter.name, Fidelity::dropped, no_home);
  }
}

void Reader::set_once(std::string_view key, const PropertyId& id, std::string text, const CardLine& line) {
  if (text.empty()) return;
  if (bag().contains(id)) return lose(line, Fidelity::dropped, no_room);
  take(key, line);
  set_text(bag(), id, std::move(text));
}

bool Reader::read_text(const CardLine& line) {
  for (const TextField& field : text_fields()) {
    if (std::ranges::none_of(field.names, [&](std::string_view name) { return line.content->is(name); })) continue;
    set_once(field.names.front(), field.property, codec::unescaped_text(line.value), line);
    return true;
  }
  return false;
}

void Reader::set_components(std::string_view key, const std::vector<std::optional<PropertyId>>& properties,
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

bool Reader::read_structured(const CardLine& line) {
  const std::span<const StructuredField> fields = name_fields();
  const auto field = std::ranges::find_if(fields, [&](const auto& known) { return line.content->is(known.name); });
  if (field == fields.end()) return false;
  set_components(field->key, field->components, line);
  return true;
}

bool Reader::read_address(const CardLine& line) {
  if (!line.content->is("ADR")) return false;
  const bool empty = std::ranges::all_of(line.value, [](char c) { return c == ';' || codec::is_blank(c); });
  if (empty) return true;
  std::size_t index = 2;
  if (line.has("work")) index = 1;
  if (line.has("home") && (index == 2 || !reading_.lines.contains(address_fields()[0].key))) index = 0;
  const StructuredField& field = address_fields()[index];
  const bool taken = reading_.lines.contains(field.key);
  set_components(field.key, field.components, line);
  if (taken || !line.has("pref") || preferred_address_ || bag().contains(lid::postal_address_id)) return true;
  preferred_address_ = true;
  bag().set(lid::postal_address_id, static_cast<std::int32_t>(index + 1));
  return true;
}

struct PhoneType {
  std::string_view type, key;
};

/// What a phone is, the more special before the more general.
constexpr std::array phone_types{
    PhoneType{"assistant", "TEL assistant"}, PhoneType{"callback", "TEL callback"}, PhoneType{"company", "TEL company"},
    PhoneType{"tlx", "TEL telex"},           PhoneType{"telex", "TEL telex"},       PhoneType{"radio", "TEL radio"},
    PhoneType{"ttytdd", "TEL tty"},          PhoneType{"tty-tdd", "TEL tty"},       PhoneType{"tty", "TEL tty"},
    PhoneType{"textphone", "TEL tty"},       PhoneType{"car", "TEL car"},           PhoneType{"isdn", "TEL isdn"},
    PhoneType{"pager", "TEL pager"},         PhoneType{"cell", "TEL cell"},         PhoneType{"mobile", "TEL cell"},
    PhoneType{"iphone", "TEL cell"},         PhoneType{"work", "TEL work"},         PhoneType{"home", "TEL home"},
    PhoneType{"main", "TEL pref"},           PhoneType{"pref", "TEL pref"},
};

std::string_view phone_key(const CardLine& line) {
  if (line.has("fax")) return line.has("work") ? "TEL work fax" : line.has("home") ? "TEL home fax" : "TEL fax";
  for (const auto& [type, key] : phone_types) {
    if (line.has(type)) return key;
  }
  return "TEL voice";
}

std::string_view page_key(const CardLine& line) {
  return line.has("work") ? "URL work" : line.has("home") ? "URL home" : "URL";
}

/// The value of a URI of a scheme that goes without saying.
std::string without_scheme(std::string value, std::string_view scheme) {
  if (codec::starts_ignoring_case(value, scheme)) value.erase(0, scheme.size());
  return value;
}

bool Reader::read_typed(const CardLine& line) {
  const bool phone = line.content->is("TEL") || line.content->is("X-MS-TEL");
  if (!phone && !line.content->is("URL")) return false;
  const std::string_view key = phone ? phone_key(line) : page_key(line);
  std::string text = codec::unescaped_text(line.value);
  if (phone) text = without_scheme(std::move(text), "tel:");
  for (const TypedField& field : phone ? phone_fields() : page_fields()) {
    if (field.key != key) continue;
    const auto free = std::ranges::find_if(field.properties, [&](const auto& id) { return !bag().contains(id); });
    set_once(key, free == field.properties.end() ? field.properties.back() : *free, std::move(text), line);
    return true;
  }
  return false;
}

bool Reader::read_email(const CardLine& line) {
  if (!line.content->is("EMAIL")) return false;
  if (emails_ == email_fields().size()) {
    lose(line, Fidelity::dropped, no_room);
    return true;
  }
  const EmailField& field = email_fields()[emails_];
  ++emails_;
  take(email_key, line);
  const std::string address = without_scheme(codec::unescaped_text(line.value), "mailto:");
  std::string display_name(line.parameter(display_name_parameter));
  if (display_name.empty()) display_name = address;
  bag().set(field.original_entry_id, one_off_entry_id(display_name, "SMTP", address));
  bag().set(field.display_name, std::move(display_name));
  bag().set(field.address_type, std::string("SMTP"));
  bag().set(field.address, address);
  bag().set(field.original_display_name, address);
  return true;
}

bool Reader::read_date(const CardLine& line) {
  for (const DateField& field : date_fields()) {
    bool named = std::ranges::any_of(field.names, [&](std::string_view name) { return line.content->is(name); });
    named |= line.content->is("X-ABDATE") && field.names.front() == "ANNIVERSARY" && line.has("anniversary");
    if (!named) continue;
    const auto day = parse_contact_day(codec::unescaped_text(line.value));
    if (!day || !line.parameter("X-APPLE-OMIT-YEAR").empty()) {
      lose(line, Fidelity::dropped, "a property holds whole dates since 1678 only");
    } else if (bag().contains(field.property)) {
      lose(line, Fidelity::dropped, no_room);
    } else {
      take(field.names.front(), line);
      bag().set(field.property, day->midnight);
      bag().set(field.local, day->midnight);
      if (day->had_time) lose(line, Fidelity::approximated, "the time of day has no property");
    }
    return true;
  }
  return false;
}

bool Reader::read_media_line(const CardLine& line) {
  const bool photo = line.content->is("PHOTO");
  if (!photo && !line.content->is("KEY")) return false;
  auto media = read_media(line, bytes_);
  if (!media) {
    lose(line, Fidelity::dropped, "is not in the card itself");
  } else if (!photo) {
    auto bytes = bytes_of(media->value);
    if (!bytes) return true;
    const auto all = std::as_bytes(std::span(*bytes));
    certificates_.emplace_back(all.begin(), all.end());
    take(key_key, line);
  } else if (!reading_.result.message.attachments.empty()) {
    lose(line, Fidelity::dropped, no_room);
  } else {
    take(photo_key, line);
    Attachment& attachment = reading_.result.message.attachments.emplace_back();
    attachment.properties.set(tag::attach_number, std::int32_t{0});
    attachment.properties.set(tag::attach_data_binary, std::move(media->value));
    attachment.properties.set(tag::attach_method, std::int32_t{1});
    attachment.properties.set(tag::attach_long_filename, photo_file_name(media->media_type));
    if (!media->media_type.empty()) attachment.properties.set(tag::attach_mime_tag, std::move(media->media_type));
    attachment.properties.set(tag::attachment_contact_photo, true);
    bag().set(lid::has_picture, true);
  }
  return true;
}

/// Fields with a value out of few.
bool Reader::read_choice(const CardLine& line) {
  const std::string value(codec::trim(line.value));
  const auto set = [&](std::string_view key, const PropertyId& id, auto number) {
    if (bag().contains(id)) return lose(line, Fidelity::dropped, no_room);
    take(key, line);
    bag().set(id, number);
  };
  if (line.content->is("CLASS")) {
    constexpr std::array<std::string_view, 4> classes{"PUBLIC", "X-PERSONAL", "PRIVATE", "CONFIDENTIAL"};
    const auto found = std::ranges::find_if(classes, [&](auto name) { return equal_ignoring_case(name, value); });
    if (found == classes.end()) return false;
    set(class_key, tag::sensitivity, static_cast<std::int32_t>(found - classes.begin()));
  } else if (line.content->is("GENDER") || line.content->is("X-GENDER")) {
    const bool female = equal_ignoring_case(value, "F") || equal_ignoring_case(value, "female");
    if (!female && !equal_ignoring_case(value, "M") && !equal_ignoring_case(value, "male")) return false;
    set(gender_key, tag::gender, static_cast<std::int16_t>(female ? 1 : 2));
  } else if (line.content->is(mailing_key)) {
    if (value.size() != 1 || value[0] < '0' || value[0] > '3') return false;
    if (preferred_address_) bag().erase(lid::postal_address_id);
    preferred_address_ = false;
    set(mailing_key, lid::postal_address_id, static_cast<std::int32_t>(value[0] - '0'));
  } else {
    return false;
  }
  return true;
}

bool Reader::read_list(const CardLine& line) {
  if (line.content->is("CATEGORIES")) {
    take(categories_key, line);
    for (const std::string_view piece : codec::split_unescaped(line.value, ',')) {
      std::string category = codec::unescaped_text(codec::trim(piece));
      if (!category.empty()) categories_.push_back(std::move(category));
    }
  } else if (line.content->is("X-MS-CHILD") || line.content->is("X-CHILD")) {
    take(children_key, line);
    children_.push_back(codec::unescaped_text(line.value));
  } else if (line.content->is("X-MS-TEXT")) {
    if (user_fields_ == user_fields().size()) {
      lose(line, Fidelity::dropped, no_room);
    } else {
      set_once(user_fields_key, user_fields()[user_fields_], codec::unescaped_text(line.value), line);
      ++user_fields_;
    }
  } else {
    return false;
  }
  return true;
}

/// X-ABRELATEDNAMES says with the label of its group who is meant.
bool Reader::read_related(const CardLine& line) {
  if (!line.content->is("X-ABRELATEDNAMES")) return false;
  std::string name = codec::unescaped_text(line.value);
  if (line.has("child")) {
    take(children_key, line);
    children_.push_back(std::move(name));
  } else if (line.has("spouse")) {
    set_once("X-MS-SPOUSE", tag::spouse_name, std::move(name), line);
  } else if (line.has("manager")) {
    set_once("X-MS-MANAGER", tag::manager_name, std::move(name), line);
  } else if (line.has("assistant")) {
    set_once("X-MS-ASSISTANT", tag::assistant, std::move(name), line);
  } else {
    return false;
  }
  return true;
}

bool Reader::read_member(const CardLine& line) {
  if (!line.content->is("MEMBER") && !line.content->is("X-ADDRESSBOOKSERVER-MEMBER")) return false;
  const std::string value = codec::unescaped_text(line.value);
  const std::string address = without_scheme(value, "mailto:");
  if (address.size() == value.size() || address.empty()) {
    lose(line, Fidelity::dropped, "a property holds members by their address only");
    return true;
  }
  take(member_key, line);
  members_.add(line.parameter(display_name_parameter), address);
  return true;
}

void Reader::finish_names() {
  const bool list = text_property(bag(), tag::message_class) == distribution_list_class;
  std::string name = name_of_contact(bag());
  if (name.empty()) return;
  if (list) set_text(bag(), lid::distribution_list_name, name);
  if (!bag().contains(lid::file_under)) set_text(bag(), lid::file_under, name);
  set_text(bag(), tag::normalized_subject, name);
  set_text(bag(), tag::subject, std::move(name));
}

/// The mailing address is a copy of one of the three.
void Reader::finish_mailing_address() {
  const auto* chosen = bag().get<std::int32_t>(lid::postal_address_id);
  if (chosen == nullptr || *chosen < 1) return;
  const auto& from = address_fields()[static_cast<std::size_t>(*chosen - 1)].components;
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (!from[i] || !mailing_components()[i]) continue;
    if (auto text = text_property(bag(), *from[i])) set_text(bag(), *mailing_components()[i], *std::move(text));
  }
}

void Reader::finish() {
  finish_names();
  finish_mailing_address();
  members_.set(bag());
  if (!categories_.empty()) bag().set(pname::keywords, std::move(categories_));
  if (!children_.empty()) bag().set(tag::childrens_names, std::move(children_));
  if (!certificates_.empty()) bag().set(tag::user_x509_certificate, std::move(certificates_));
}

}  // namespace

CardReading read_card(const codec::ContentDocument& document, const SharedBytes& bytes) {
  return Reader(document, bytes).read();
}

ReadMessage read_contact(const SharedBytes& bytes) {
  const codec::ContentDocument document(bytes.view());
  return read_card(document, bytes).result;
}

}  // namespace mapistore::conversion
