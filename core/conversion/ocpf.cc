#include "core/conversion/ocpf.h"

#include <array>
#include <map>

#include "core/conversion/ocpf_lexer.h"
#include "core/properties/guid_text.h"
#include "core/properties/known_properties.h"
#include "core/properties/property_names.h"

namespace mapistore::conversion {
namespace {

/// Names of Outlook's object model that are not those of MS-OXPROPS.
struct ObjectModelName {
  std::string_view name, canonical;
};

constexpr std::array object_model_names{
    ObjectModelName{"AllDayEvent", "PidLidAppointmentSubType"},
    ObjectModelName{"Color", "PidLidNoteColor"},
    ObjectModelName{"DueDate", "PidLidTaskDueDate"},
    ObjectModelName{"End", "PidLidAppointmentEndWhole"},
    ObjectModelName{"Height", "PidLidNoteHeight"},
    ObjectModelName{"Label", "PidLidAppointmentColor"},
    ObjectModelName{"ReminderMinutesBeforeStart", "PidLidReminderDelta"},
    ObjectModelName{"Start", "PidLidAppointmentStartWhole"},
    ObjectModelName{"StartDate", "PidLidTaskStartDate"},
    ObjectModelName{"Status", "PidLidTaskStatus"},
    ObjectModelName{"Width", "PidLidNoteWidth"},
};

const KnownProperty* find_object_model_name(std::string_view name) {
  for (const auto& [known, canonical] : object_model_names) {
    if (known == name) return find_known_property(canonical);
  }
  return find_known_property("PidLid" + std::string(name));
}

PropertyId with_type(PropertyId id, PropertyType type) {
  if (const auto* tag = std::get_if<PropertyTag>(&id)) return PropertyTag(tag->id(), type);
  std::get<PropertyName>(id).type = type;
  return id;
}

/// The type that a literal has by itself.
struct OwnType {
  PropertyType operator()(bool) const { return PropertyType::boolean; }
  PropertyType operator()(std::int16_t) const { return PropertyType::short_integer; }
  PropertyType operator()(std::int32_t) const { return PropertyType::long_integer; }
  PropertyType operator()(std::int64_t) const { return PropertyType::integer64; }
  PropertyType operator()(double) const { return PropertyType::double_precision; }
  PropertyType operator()(const std::string&) const { return PropertyType::unicode; }
  PropertyType operator()(SystemTime) const { return PropertyType::system_time; }
  PropertyType operator()(const Binary&) const { return PropertyType::binary; }
  PropertyType operator()(const std::vector<std::string>&) const { return property_type::mv_unicode; }
  template <class Other>
  PropertyType operator()(const Other&) const {
    return PropertyType::unspecified;
  }
};

PropertyType own_type(const PropertyValue& value) { return std::visit(OwnType{}, value); }

/// The number of a literal as one of another type, as far as it fits.
std::optional<PropertyValue> number_as(const PropertyValue& value, PropertyType type) {
  std::int64_t number = 0;
  if (const auto* small = std::get_if<std::int16_t>(&value))
    number = *small;
  else if (const auto* medium = std::get_if<std::int32_t>(&value))
    number = *medium;
  else if (const auto* large = std::get_if<std::int64_t>(&value))
    number = *large;
  else
    return std::nullopt;
  switch (type) {
    case PropertyType::boolean:
      return number == 0 || number == 1 ? std::optional<PropertyValue>(number == 1) : std::nullopt;
    case PropertyType::short_integer:
      if (number != static_cast<std::int16_t>(number)) return std::nullopt;
      return PropertyValue(static_cast<std::int16_t>(number));
    case PropertyType::long_integer:
      if (number != static_cast<std::int32_t>(number)) return std::nullopt;
      return PropertyValue(static_cast<std::int32_t>(number));
    case PropertyType::integer64: return PropertyValue(number);
    case PropertyType::double_precision: return PropertyValue(static_cast<double>(number));
    default: return std::nullopt;
  }
}

std::size_t size_of(const PropertyValue& value) {
  std::size_t size = sizeof(Property);
  if (const auto* text = std::get_if<std::string>(&value)) size += text->size();
  if (const auto* binary = std::get_if<Binary>(&value)) size += binary->size();
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) {
    for (const std::string& text : *texts) size += sizeof(std::string) + text.size();
  }
  return size;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  Result<OcpfMessage> parse() {
    MAPISTORE_CHECK(lexer_.advance());
    while (lexer_.piece().token != OcpfToken::end) MAPISTORE_CHECK(statement());
    if (file_.message_class.empty())
      return lexer_.error("there is no TYPE", "TYPE \"IPM.Note\" says what the message is");
    file_.message.properties.set(tag::message_class, file_.message_class);
    return std::move(file_);
  }

 private:
  Result<> statement() {
    const std::string_view keyword = lexer_.piece().token == OcpfToken::word ? lexer_.piece().text : "";
    if (keyword == "TYPE") return type();
    if (keyword == "FOLDER") return folder();
    if (keyword == "OLEGUID") return guid();
    if (keyword == "SET") return variable();
    if (keyword == "RECIPIENT") return recipients();
    if (keyword != "PROPERTY" && keyword != "NPROPERTY")
      return lexer_.error("no keyword", "TYPE, FOLDER, OLEGUID, SET, PROPERTY, NPROPERTY or RECIPIENT");
    MAPISTORE_CHECK(lexer_.advance());
    return section(file_.message.properties, keyword == "NPROPERTY");
  }

  Result<> type() {
    MAPISTORE_CHECK(lexer_.advance());
    if (!file_.message_class.empty()) return lexer_.error("a second TYPE");
    file_.message_class = MAPISTORE_TRY(text());
    return {};
  }

  Result<> folder() {
    MAPISTORE_CHECK(lexer_.advance());
    if (!file_.folder.empty()) return lexer_.error("a second FOLDER");
    const PropertyValue said = MAPISTORE_TRY(value());
    if (const auto* name = std::get_if<std::string>(&said)) {
      file_.folder = *name;
    } else if (const auto* id = std::get_if<std::int64_t>(&said)) {
      constexpr std::string_view digits = "0123456789abcdef";
      std::string hex;
      for (auto rest = static_cast<std::uint64_t>(*id); rest != 0 || hex.empty(); rest /= 16)
        hex.insert(0, 1, digits[rest % 16]);
      file_.folder = "0x" + hex;
    } else {
      return lexer_.error("a folder is a text or an id");
    }
    return {};
  }

  Result<> guid() {
    MAPISTORE_CHECK(lexer_.advance());
    const std::string name(MAPISTORE_TRY(word()));
    const std::string said = MAPISTORE_TRY(text());
    const auto set = parse_guid("{" + said + "}");
    if (!set) return lexer_.error("before this stands no GUID");
    if (!sets_.emplace(name, *set).second) return lexer_.error("before this stands a second GUID of that name");
    return {};
  }

  Result<> variable() {
    MAPISTORE_CHECK(lexer_.advance());
    if (lexer_.piece().token != OcpfToken::variable) return lexer_.error("SET needs a variable, as $name");
    const std::string name(lexer_.piece().text);
    MAPISTORE_CHECK(lexer_.advance());
    MAPISTORE_CHECK(expect("="));
    PropertyValue said = MAPISTORE_TRY(value());
    if (!variables_.emplace(name, std::move(said)).second)
      return lexer_.error("before this a variable is set a second time");
    return {};
  }

  Result<> section(PropertyBag& bag, bool named) {
    MAPISTORE_CHECK(expect("{"));
    while (!is("}")) {
      const PropertyId id = MAPISTORE_TRY(named ? named_property() : tagged_property());
      MAPISTORE_CHECK(expect("="));
      MAPISTORE_CHECK(set(bag, id));
      MAPISTORE_CHECK(skip_semicolon());
    }
    MAPISTORE_CHECK(expect("}"));
    return skip_semicolon();
  }

  Result<> recipients() {
    MAPISTORE_CHECK(lexer_.advance());
    MAPISTORE_CHECK(expect("{"));
    while (!is("}")) {
      const std::string_view kind = MAPISTORE_TRY(word());
      const std::int32_t type = kind == "TO" ? 1 : kind == "CC" ? 2 : kind == "BCC" ? 3 : 0;
      if (type == 0) return lexer_.error("before this stands no TO, CC or BCC");
      PropertyBag& recipient = file_.message.recipients.emplace_back();
      recipient.set(tag::recipient_type, type);
      MAPISTORE_CHECK(count(PropertyValue(type)));
      MAPISTORE_CHECK(section(recipient, false));
    }
    MAPISTORE_CHECK(expect("}"));
    return skip_semicolon();
  }

  Result<PropertyId> tagged_property() {
    if (const auto* number = std::get_if<std::int32_t>(&lexer_.piece().value)) {
      const auto raw = static_cast<std::uint32_t>(*number);
      const PropertyTag id(static_cast<std::uint16_t>(raw >> 16), static_cast<PropertyType>(raw & 0xffff));
      if (id.is_named()) return lexer_.error("ids from 0x8000 on belong to one store", "name it in NPROPERTY");
      MAPISTORE_CHECK(lexer_.advance());
      return id;
    }
    if (lexer_.piece().token != OcpfToken::word) return lexer_.error("no property");
    auto id = parse_property_key(lexer_.piece().text);
    if (!id) return lexer_.error(id.error().what.empty() ? "an unknown property" : id.error().what, id.error().hint);
    MAPISTORE_CHECK(lexer_.advance());
    return *std::move(id);
  }

  Result<PropertyId> named_property() {
    const std::string_view kind = MAPISTORE_TRY(word());
    MAPISTORE_CHECK(expect(":"));
    if (kind == "OOM") {
      const std::string name(MAPISTORE_TRY(word()));
      MAPISTORE_CHECK(expect(":"));
      const Guid set = MAPISTORE_TRY(declared_set());
      const KnownProperty* known = find_object_model_name(name);
      if (known == nullptr || !known->is_named || known->named.set != set)
        return lexer_.error("before this stands no OOM name that is known", "MNID_ID names a property by its number");
      return known->id();
    }
    PropertyName name;
    if (kind == "MNID_ID") {
      const auto* number = std::get_if<std::int32_t>(&lexer_.piece().value);
      if (number == nullptr) return lexer_.error("MNID_ID needs a number");
      name.name = static_cast<std::uint32_t>(*number);
      MAPISTORE_CHECK(lexer_.advance());
    } else if (kind == "MNID_STRING") {
      name.name = MAPISTORE_TRY(text());
    } else {
      return lexer_.error("before this stands no OOM, MNID_ID or MNID_STRING");
    }
    MAPISTORE_CHECK(expect(":"));
    name.type = PropertyType::unspecified;
    if (lexer_.piece().token == OcpfToken::word && lexer_.piece().text.starts_with("PT_")) {
      name.type = type_named(lexer_.piece().text.substr(3));
      if (name.type == PropertyType::unspecified) return lexer_.error("an unknown type");
      MAPISTORE_CHECK(lexer_.advance());
      MAPISTORE_CHECK(expect(":"));
    }
    name.set = MAPISTORE_TRY(declared_set());
    if (name.type != PropertyType::unspecified) return name;
    const KnownProperty* known = find_known_property(PropertyId(name));
    return known == nullptr ? PropertyId(name) : known->id();
  }

  static PropertyType type_named(std::string_view name) {
    constexpr std::array types{PropertyType::boolean,          PropertyType::short_integer,
                               PropertyType::long_integer,     PropertyType::integer64,
                               PropertyType::double_precision, PropertyType::string8,
                               PropertyType::unicode,          PropertyType::system_time,
                               PropertyType::binary,           multivalue_of(PropertyType::string8),
                               property_type::mv_unicode};
    for (const PropertyType type : types) {
      if (type_name(type) == name) return type;
    }
    return name == "DOUBLE" ? PropertyType::double_precision : PropertyType::unspecified;
  }

  Result<Guid> declared_set() {
    const std::string name(MAPISTORE_TRY(word()));
    const auto found = sets_.find(name);
    if (found == sets_.end()) return lexer_.error("before this stands a set that no OLEGUID names");
    return found->second;
  }

  /// Reads the value of a property as its type wants it.
  Result<> set(PropertyBag& bag, const PropertyId& id) {
    PropertyValue said = MAPISTORE_TRY(value());
    MAPISTORE_CHECK(count(said));
    PropertyType type = type_of(id);
    if (type == PropertyType::string8) type = PropertyType::unicode;
    if (type == multivalue_of(PropertyType::string8)) type = property_type::mv_unicode;
    if (type == PropertyType::unspecified) type = own_type(said);
    if (own_type(said) != type) {
      auto number = number_as(said, type);
      if (!number) return lexer_.error("before this stands a value that is not of the type of its property");
      said = *std::move(number);
    }
    bag.set(with_type(id, type), std::move(said));
    return {};
  }

  Result<PropertyValue> value() {
    if (is("<")) {
      return lexer_.error("files are not included", "write the bytes as { 0x01 0x02 }", Errc::not_permitted);
    }
    if (is("{")) return list();
    PropertyValue said;
    if (lexer_.piece().token == OcpfToken::variable) {
      const auto found = variables_.find(lexer_.piece().text);
      if (found == variables_.end()) return lexer_.error("this variable has not been set");
      said = found->second;
    } else if (lexer_.piece().token == OcpfToken::literal) {
      said = lexer_.piece().value;
    } else {
      return lexer_.error("no value");
    }
    MAPISTORE_CHECK(lexer_.advance());
    return said;
  }

  /// `{ "a", "b" }` or `{ 0x01 0x02 }`
  Result<PropertyValue> list() {
    MAPISTORE_CHECK(expect("{"));
    std::vector<std::string> texts;
    Binary bytes;
    while (!is("}")) {
      if (const auto* text = std::get_if<std::string>(&lexer_.piece().value); text != nullptr && bytes.empty()) {
        texts.push_back(*text);
      } else if (const auto* byte = std::get_if<std::int32_t>(&lexer_.piece().value);
                 byte != nullptr && texts.empty()) {
        if (*byte < 0 || *byte > 0xff) return lexer_.error("is no byte");
        bytes.push_back(static_cast<std::byte>(*byte));
      } else {
        return lexer_.error("a list holds texts, or bytes");
      }
      MAPISTORE_CHECK(lexer_.advance());
      if (is(",")) MAPISTORE_CHECK(lexer_.advance());
    }
    MAPISTORE_CHECK(expect("}"));
    if (texts.empty()) return bytes;
    return texts;
  }

  Result<> count(const PropertyValue& said) {
    total_ += size_of(said);
    if (++properties_ > most_ocpf_properties) return lexer_.error("there are too many properties", {}, Errc::too_large);
    if (total_ > largest_ocpf_values) return lexer_.error("the values are too large", {}, Errc::too_large);
    return {};
  }

  Result<std::string_view> word() {
    if (lexer_.piece().token != OcpfToken::word) return lexer_.error("no name");
    const std::string_view said = lexer_.piece().text;
    MAPISTORE_CHECK(lexer_.advance());
    return said;
  }

  Result<std::string> text() {
    const auto* said = std::get_if<std::string>(&lexer_.piece().value);
    if (said == nullptr) return lexer_.error("no text");
    std::string copy = *said;
    MAPISTORE_CHECK(lexer_.advance());
    return copy;
  }

  bool is(std::string_view mark) const noexcept { return lexer_.is(OcpfToken::punctuation, mark); }
  Result<> expect(std::string_view mark) {
    if (!is(mark)) return lexer_.error("'" + std::string(mark) + "' is missing");
    return lexer_.advance();
  }
  Result<> skip_semicolon() { return is(";") ? lexer_.advance() : Result<>{}; }

  OcpfLexer lexer_;
  OcpfMessage file_;
  std::map<std::string, Guid, std::less<>> sets_;
  std::map<std::string, PropertyValue, std::less<>> variables_;
  std::size_t total_ = 0;
  std::size_t properties_ = 0;
};

}  // namespace

Result<OcpfMessage> read_ocpf(std::string_view text) {
  if (text.size() > largest_ocpf_file) return fail(Errc::too_large, {}, "is larger than a property file may be");
  return Parser(text).parse();
}

}  // namespace mapistore::conversion
