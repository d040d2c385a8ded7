#include <algorithm>

#include "core/codec/ascii.h"
#include "core/conversion/contact_card.h"
#include "core/conversion/text_values.h"

namespace mapistore::conversion {

bool CardLine::has(std::string_view type) const noexcept { return std::ranges::find(types, type) != types.end(); }

std::string_view CardLine::parameter(std::string_view name) const noexcept {
  for (const codec::ContentParameter& said : parameters) {
    if (said.is(name)) return said.values.front();
  }
  return {};
}

namespace {

/// A value of TYPE may be a quoted list itself, as in RFC 6350.
void append_types(std::vector<std::string>& types, std::string_view value) {
  while (true) {
    const std::size_t comma = value.find(',');
    std::string type = lower_case(codec::trim(value.substr(0, comma)));
    if (type.starts_with("x-evolution-")) type.erase(0, std::string_view("x-evolution-").size());
    if (!type.empty()) types.push_back(std::move(type));
    if (comma == std::string_view::npos) return;
    value.remove_prefix(comma + 1);
  }
}

}  // namespace

CardLine read_card_line(const codec::ContentDocument& document, std::size_t number, const GroupLabels& labels,
                        codec::CharsetDecoder& charsets) {
  CardLine line;
  line.number = number;
  line.content = &document.content(number);
  line.raw = document.lines()[number].raw;
  line.parameters = codec::split_parameters(line.content->parameters);
  for (const codec::ContentParameter& parameter : line.parameters) {
    if (parameter.is("TYPE")) {
      for (const std::string& value : parameter.values) append_types(line.types, value);
    } else if (parameter.is("PREF") && parameter.values.front() == "1") {
      line.types.emplace_back("pref");
    }
  }
  if (!line.content->group.empty()) {
    const auto label = labels.find(lower_case(line.content->group));
    if (label != labels.end()) line.types.insert(line.types.end(), label->second.begin(), label->second.end());
  }
  line.value = codec::decoded_value(*line.content, charsets);
  return line;
}

}  // namespace mapistore::conversion
