#include <algorithm>
#include <utility>
#include <vector>

#include "core/properties/json_output.h"
#include "core/properties/known_properties.h"
#include "core/properties/property_file.h"
#include "core/properties/property_names.h"
#include "core/properties/property_values.h"

namespace mapistore {
namespace {

/// What the message says its string8 values are in.
std::uint32_t code_page_of(const PropertyBag& properties) {
  for (const PropertyTag& id : {tag::message_codepage, tag::internet_codepage})
    if (const auto* code_page = properties.get<std::int32_t>(id)) return static_cast<std::uint32_t>(*code_page);
  return 0;
}

struct Line {
  std::string key;
  const Property* property;
};

/// The properties of `bag` but one, in the order of their keys.
Result<std::vector<Line>> lines_of(const PropertyBag& bag, const Property* left_out) {
  std::vector<Line> lines;
  lines.reserve(bag.size());
  for (const Property& property : bag) {
    if (&property == left_out || std::holds_alternative<std::monostate>(property.value)) continue;
    std::string key = property_key(property.id);
    if (key.empty())
      return fail(Errc::invalid_argument, hex_text(std::get<PropertyTag>(property.id).raw(), 8),
                  "is a mapped id, which has no name outside its store");
    lines.push_back({std::move(key), &property});
  }
  std::ranges::sort(lines, {}, &Line::key);
  return lines;
}

class FileWriter {
 public:
  explicit FileWriter(TextSink& sink) : out_{sink} {}

  Result<> write(const PropertyFile& file) {
    MAPISTORE_CHECK(out_.text(R"({"mapi":1,)"));
    MAPISTORE_CHECK(message(file.message_class, file.message, nullptr, 0));
    if (!file.read_only.empty()) {
      MAPISTORE_CHECK(out_.text(",\n\"readonly\":"));
      MAPISTORE_CHECK(bag(file.read_only, nullptr, code_page_of(file.message.properties)));
    }
    MAPISTORE_CHECK(out_.text("}\n"));
    return out_.finish();
  }

 private:
  /// The members of a message, without the braces.
  Result<> message(const std::string& message_class, const MessageObject& message, const Property* left_out,
                   std::size_t depth) {
    const std::uint32_t code_page = code_page_of(message.properties);
    if (!message_class.empty()) {
      MAPISTORE_CHECK(out_.text(R"("class":)"));
      MAPISTORE_CHECK(out_.string(message_class));
      MAPISTORE_CHECK(out_.text(","));
    }
    MAPISTORE_CHECK(out_.text("\n\"props\":"));
    MAPISTORE_CHECK(bag(message.properties, left_out, code_page));
    std::string_view before = ",\n\"recipients\":[\n";
    for (const PropertyBag& recipient : message.recipients) {
      MAPISTORE_CHECK(out_.text(std::exchange(before, ",\n")));
      MAPISTORE_CHECK(bag(recipient, nullptr, code_page));
    }
    if (!message.recipients.empty()) MAPISTORE_CHECK(out_.text("]"));
    before = ",\n\"attachments\":[\n";
    for (const Attachment& each : message.attachments) {
      MAPISTORE_CHECK(out_.text(std::exchange(before, ",\n")));
      MAPISTORE_CHECK(attachment(each, code_page, depth));
    }
    return message.attachments.empty() ? Result<>{} : out_.text("]");
  }

  Result<> attachment(const Attachment& attachment, std::uint32_t code_page, std::size_t depth) {
    const Property* data = attachment.properties.find(tag::attach_data_binary);
    if (data != nullptr && data->id != PropertyId(tag::attach_data_binary)) data = nullptr;
    MAPISTORE_CHECK(out_.text("{\"props\":"));
    MAPISTORE_CHECK(bag(attachment.properties, data, code_page));
    if (data != nullptr && !std::holds_alternative<std::monostate>(data->value)) {
      MAPISTORE_CHECK(out_.text(",\n\"data\":"));
      MAPISTORE_CHECK(value("PidTagAttachDataBinary", *data, code_page));
    }
    if (attachment.embedded != nullptr) {
      if (depth == deepest_attached_message) return fail(Errc::too_large, "attachment", "is nested too deep");
      const PropertyBag& inner = attachment.embedded->properties;
      const Property* its_class = inner.find(tag::message_class);
      const std::string* text = inner.get<std::string>(tag::message_class);
      const bool is_told = text != nullptr && !text->empty() && its_class->id == PropertyId(tag::message_class);
      MAPISTORE_CHECK(out_.text(",\n\"message\":{"));
      MAPISTORE_CHECK(
          message(is_told ? *text : std::string(), *attachment.embedded, is_told ? its_class : nullptr, depth + 1));
      MAPISTORE_CHECK(out_.text("}"));
    }
    return out_.text("}");
  }

  Result<> bag(const PropertyBag& bag, const Property* left_out, std::uint32_t code_page) {
    std::string_view before = "{\n";
    for (const Line& line : MAPISTORE_TRY(lines_of(bag, left_out))) {
      MAPISTORE_CHECK(out_.text(std::exchange(before, ",\n")));
      MAPISTORE_CHECK(out_.string(line.key));
      MAPISTORE_CHECK(out_.text(":"));
      MAPISTORE_CHECK(value(line.key, *line.property, code_page));
    }
    return out_.text(before == "{\n" ? "{}" : "}");
  }

  Result<> value(std::string_view key, const Property& property, std::uint32_t code_page) {
    auto written = write_property_value(out_, type_of(property.id), property.value, code_page);
    if (!written && written.error().code == Errc::invalid_argument) written.error().object = key;
    return written;
  }

  JsonOutput out_;
};

}  // namespace

Result<> write_property_file(const PropertyFile& file, TextSink& sink) { return FileWriter(sink).write(file); }

}  // namespace mapistore
