#include <algorithm>
#include <array>

#include "core/codec/ascii.h"
#include "core/conversion/contact_dates.h"
#include "core/conversion/contact_media.h"
#include "core/conversion/contact_reader.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

using codec::equal_ignoring_case;

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

}  // namespace

bool CardReader::read_text(const CardLine& line) {
  for (const TextField& field : text_fields()) {
    if (std::ranges::none_of(field.names, [&](std::string_view name) { return line.content->is(name); })) continue;
    set_once(field.names.front(), field.property, codec::unescaped_text(line.value), line);
    return true;
  }
  return false;
}

bool CardReader::read_structured(const CardLine& line) {
  for (const StructuredField& field : name_fields()) {
    if (!line.content->is(field.name)) continue;
    set_components(field.key, field.components, line);
    return true;
  }
  return false;
}

bool CardReader::read_address(const CardLine& line) {
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

bool CardReader::read_typed(const CardLine& line) {
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

bool CardReader::read_email(const CardLine& line) {
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

bool CardReader::read_date(const CardLine& line) {
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

bool CardReader::read_media_line(const CardLine& line) {
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
bool CardReader::read_choice(const CardLine& line) {
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

bool CardReader::read_list(const CardLine& line) {
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
bool CardReader::read_related(const CardLine& line) {
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

bool CardReader::read_member(const CardLine& line) {
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

}  // namespace mapistore::conversion
