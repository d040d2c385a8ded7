#include "core/codec/ascii.h"
#include "core/codec/charset.h"
#include "core/codec/transfer.h"
#include "core/conversion/calendar_read.h"
#include "core/conversion/mail_values.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

using codec::ContentLine;
using codec::equal_ignoring_case;

/// Parameters with a file's name, most telling first.
constexpr std::string_view name_parameters[] = {"FILENAME", "X-FILENAME", "X-APPLE-FILENAME", "X-LABEL"};

std::string file_name(const std::vector<codec::ContentParameter>& parameters) {
  for (const std::string_view wanted : name_parameters) {
    for (const auto& parameter : parameters) {
      if (parameter.is(wanted)) return parameter.values.front();
    }
  }
  return {};
}

bool is_told(const codec::ContentParameter& parameter) {
  if (parameter.is("VALUE") || parameter.is("ENCODING") || parameter.is("FMTTYPE")) return true;
  for (const std::string_view name : name_parameters) {
    if (parameter.is(name)) return true;
  }
  return false;
}

}  // namespace

void read_attachments(const ComponentReader& reader) {
  for (const std::size_t number : reader.component.lines) {
    const ContentLine& line = reader.source.document().content(number);
    if (!line.is("ATTACH")) continue;
    auto& attachments = reader.message.attachments;
    if (attachments.size() == most_parts) {
      reader.lose("ATTACH", Fidelity::dropped, "too many");
      return;
    }
    Attachment attachment;
    PropertyBag& bag = attachment.properties;
    const auto parameters = codec::split_parameters(line.parameters);
    const bool is_inline = equal_ignoring_case(line.parameter("VALUE"), "BINARY") ||
                           equal_ignoring_case(line.parameter("ENCODING"), "BASE64");
    bag.set(tag::attach_number, static_cast<std::int32_t>(attachments.size()));
    bag.set(tag::attach_method, is_inline ? attach_by_value : attach_by_web_reference);
    bag.set(tag::rendering_position, std::int32_t{-1});
    if (is_inline) {
      std::string data;
      codec::append_base64(data, line.value);
      set_bytes(bag, tag::attach_data_binary, data);
    } else {
      set_text(bag, tag::attach_long_pathname, std::string(codec::trim(reader.source.decoded(line))));
    }
    if (std::string name = file_name(parameters); !name.empty()) {
      set_text(bag, tag::attach_long_filename, name);
      set_text(bag, tag::display_name, std::move(name));
    }
    if (const auto type = line.parameter("FMTTYPE"); !type.empty()) {
      set_text(bag, tag::attach_mime_tag, codec::undeclared_text(type));
    }
    const std::string field = "ATTACH[" + std::to_string(attachments.size() + 1) + "]";
    for (const auto& parameter : parameters) {
      if (!is_told(parameter)) {
        reader.lose(field + ";" + parameter.name, Fidelity::dropped, "no property has this parameter");
      }
    }
    attachments.push_back(std::move(attachment));
  }
}

}  // namespace mapistore::conversion
