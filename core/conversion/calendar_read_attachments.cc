#include <algorithm>

#include "core/codec/ascii.h"
#include "core/codec/charset.h"
#include "core/conversion/calendar_read.h"
#include "core/conversion/inline_data.h"
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
  return std::ranges::any_of(name_parameters, [&](std::string_view name) { return parameter.is(name); });
}

/// What the line says but for its place among the others.
PropertyBag read_attachment(const ComponentReader& reader, std::size_t number,
                            const std::vector<codec::ContentParameter>& parameters) {
  const ContentLine& line = reader.source.document().content(number);
  PropertyBag bag;
  bag.set(tag::rendering_position, std::int32_t{-1});
  if (equal_ignoring_case(line.parameter("VALUE"), "BINARY") ||
      equal_ignoring_case(line.parameter("ENCODING"), "BASE64")) {
    const std::string_view raw = reader.source.document().lines()[number].raw;
    bag.set(tag::attach_method, attach_by_value);
    bag.set(tag::attach_data_binary, base64_value({raw_value(raw), reader.source.owner()}));
  } else {
    bag.set(tag::attach_method, attach_by_web_reference);
    set_text(bag, tag::attach_long_pathname, std::string(codec::trim(reader.source.decoded(line))));
  }
  if (std::string name = file_name(parameters); !name.empty()) {
    set_text(bag, tag::attach_long_filename, name);
    set_text(bag, tag::display_name, std::move(name));
  }
  if (const auto type = line.parameter("FMTTYPE"); !type.empty())
    set_text(bag, tag::attach_mime_tag, codec::undeclared_text(type));
  return bag;
}

}  // namespace

void read_attachments(const ComponentReader& reader) {
  auto& attachments = reader.message.attachments;
  for (const std::size_t number : reader.component.lines) {
    const ContentLine& line = reader.source.document().content(number);
    if (!line.is("ATTACH")) continue;
    if (attachments.size() == most_parts) return reader.lose("ATTACH", Fidelity::dropped, "too many");
    const auto parameters = codec::split_parameters(line.parameters);
    Attachment attachment{read_attachment(reader, number, parameters), nullptr};
    attachment.properties.set(tag::attach_number, static_cast<std::int32_t>(attachments.size()));
    attachments.push_back(std::move(attachment));
    const std::string field = "ATTACH[" + std::to_string(attachments.size()) + "]";
    for (const auto& parameter : parameters) {
      if (!is_told(parameter))
        reader.lose(field + ";" + parameter.name, Fidelity::dropped, "no property has this parameter");
    }
  }
}

}  // namespace mapistore::conversion
