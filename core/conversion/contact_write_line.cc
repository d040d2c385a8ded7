#include <algorithm>

#include "core/codec/ascii.h"
#include "core/codec/utf8.h"
#include "core/conversion/contact_write.h"

namespace mapistore::conversion {
namespace {

std::string typed_parameters(const std::vector<std::string_view>& types, CardVersion version) {
  std::string parameters;
  std::string joined;
  for (const std::string_view type : types) {
    if (version == CardVersion::v2_1) {
      parameters.append(";").append(type);
    } else if (version == CardVersion::v4_0 && type == "PREF") {
      parameters += ";PREF=1";
    } else {
      joined.append(joined.empty() ? ";TYPE=" : ",").append(type);
    }
  }
  return parameters + joined;
}

std::string quoted_printable(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (codec::is_ascii(c) && !codec::is_control(c) && c != '=') {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded.append("=").append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
  }
  return encoded;
}

/// vCard 2.1 is ASCII unless it says otherwise.
std::string finished_line(std::string head, std::string_view value, CardVersion version) {
  const bool plain = codec::is_all_ascii(value) && std::ranges::none_of(value, codec::is_control);
  if (version != CardVersion::v2_1 || plain) return head.append(":").append(value);
  return head.append(";CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:").append(quoted_printable(value));
}

std::string joined(const std::vector<std::optional<std::string>>& components) {
  std::string value;
  for (std::size_t i = 0; i < components.size(); ++i)
    value.append(i == 0 ? "" : ";").append(components[i].value_or(""));
  return value;
}

/// The parameters of a line but for those that its new value makes wrong.
std::string kept_parameters(std::string_view parameters) {
  std::string kept;
  while (!parameters.empty()) {
    const std::size_t end = 1 + codec::find_unquoted(parameters.substr(1), ';');
    const std::string_view piece = parameters.substr(0, end);
    parameters.remove_prefix(end);
    bool wrong = false;
    for (const codec::ContentParameter& parameter : codec::split_parameters(piece)) {
      for (const std::string_view name : {"ENCODING", "CHARSET", "VALUE", "X-APPLE-OMIT-YEAR", "X-CN"})
        wrong |= parameter.is(name);
    }
    if (!wrong) kept += piece;
  }
  return kept;
}

}  // namespace

std::string card_line(const WrittenLine& line, CardVersion version) {
  return finished_line(line.name + typed_parameters(line.types, version) + line.parameters, joined(line.components),
                       version);
}

std::string card_line_instead(const WrittenLine& line, CardVersion version, const codec::ContentLine& old,
                              codec::CharsetDecoder& charsets) {
  std::string head;
  if (!old.group.empty()) head.append(old.group).append(".");
  head += old.name;
  if (!line.own_parameters) head += kept_parameters(old.parameters);
  head += line.parameters;
  auto components = line.components;
  if (components.size() > 1) {
    const std::string value = codec::decoded_value(old, charsets);
    const auto before = codec::split_unescaped(value, ';');
    components.resize(std::max(components.size(), before.size()));
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (!components[i]) components[i] = before[i];
    }
  }
  return finished_line(std::move(head), joined(components), version);
}

}  // namespace mapistore::conversion
