#include "backends/dav/xml.h"

#include <pugixml.hpp>

#include <iterator>

namespace mapistore::dav {
namespace {

/// Deeper ones are no answer of a calendar server, and would cost a walk of the tree its stack.
constexpr int deepest = 64;
/// Of one element: a namespace is looked for among those of an element and of all around it.
constexpr std::ptrdiff_t most_attributes = 100;

pugi::xml_node next_element(pugi::xml_node node) {
  while (node && node.type() != pugi::node_element) node = node.next_sibling();
  return node;
}

std::string_view prefix_of(std::string_view name) {
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? std::string_view{} : name.substr(0, colon);
}

std::string_view local_of(std::string_view name) { return name.substr(name.find(':') + 1); }

/// Joins halves of a character (UTF-16 surrogates, each written as three bytes) and drops halves that are alone.
std::string joined(const std::string& text) {
  const auto byte = [&text](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u; };
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_half = byte(i) == 0xed && (byte(i + 1) & 0xe0u) == 0xa0;
    if (!is_half) {
      out += text[i];
      continue;
    }
    const bool is_high = (byte(i + 1) & 0xf0u) == 0xa0;
    if (is_high && byte(i + 3) == 0xed && (byte(i + 4) & 0xf0u) == 0xb0) {
      const unsigned high = ((byte(i + 1) & 0x0fu) << 6) | (byte(i + 2) & 0x3fu);
      const unsigned low = ((byte(i + 4) & 0x0fu) << 6) | (byte(i + 5) & 0x3fu);
      const unsigned point = 0x10000 + (high << 10) + low;
      out += static_cast<char>(0xf0u | (point >> 18));
      out += static_cast<char>(0x80u | ((point >> 12) & 0x3fu));
      out += static_cast<char>(0x80u | ((point >> 6) & 0x3fu));
      out += static_cast<char>(0x80u | (point & 0x3fu));
      i += 5;
    } else {
      i += 2;
    }
  }
  return out;
}

class ShapeCheck final : public pugi::xml_tree_walker {
 public:
  bool for_each(pugi::xml_node& node) override {
    return depth() < deepest && std::ranges::distance(node.attributes()) <= most_attributes;
  }
};

}  // namespace

std::string_view XmlElement::local_name() const { return local_of(pugi::xml_node(node_).name()); }

std::string_view XmlElement::attribute(std::string_view name) const {
  return pugi::xml_node(node_).attribute(std::string(name).c_str()).value();
}

std::string_view XmlElement::namespace_of(std::string_view prefix) const {
  const std::string wanted = prefix.empty() ? "xmlns" : "xmlns:" + std::string(prefix);
  for (pugi::xml_node at(node_); at; at = at.parent())
    if (const auto declared = at.attribute(wanted.c_str())) return declared.value();
  return {};
}

bool XmlElement::is(std::string_view space, std::string_view local) const {
  const std::string_view name = pugi::xml_node(node_).name();
  return local_of(name) == local && namespace_of(prefix_of(name)) == space;
}

XmlElement XmlElement::first_child() const {
  return XmlElement{next_element(pugi::xml_node(node_).first_child()).internal_object()};
}

XmlElement XmlElement::next() const {
  return XmlElement{next_element(pugi::xml_node(node_).next_sibling()).internal_object()};
}

XmlElement XmlElement::child(std::string_view space, std::string_view local) const {
  for (XmlElement at = first_child(); at; at = at.next())
    if (at.is(space, local)) return at;
  return {};
}

std::string XmlElement::content() const {
  std::string out;
  for (pugi::xml_node at = pugi::xml_node(node_).first_child(); at; at = at.next_sibling())
    if (at.type() == pugi::node_pcdata || at.type() == pugi::node_cdata) out += at.value();
  return out;
}

std::string XmlElement::data() const { return joined(content()); }

std::string XmlElement::text() const {
  std::string out = data();
  std::erase_if(out,
                [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r'; });
  return out;
}

XmlDocument::XmlDocument() = default;
XmlDocument::XmlDocument(XmlDocument&&) noexcept = default;
XmlDocument::~XmlDocument() = default;

XmlElement XmlDocument::root() const { return XmlElement{document_->document_element().internal_object()}; }

Result<XmlDocument> XmlDocument::parse(std::string text, std::string_view object) {
  XmlDocument parsed;
  parsed.text_ = std::make_unique<std::string>(std::move(text));
  parsed.document_ = std::make_unique<pugi::xml_document>();
  // Line ends stay as they came: they are part of calendars and cards.
  constexpr unsigned options =
      pugi::parse_cdata | pugi::parse_escapes | pugi::parse_doctype | pugi::parse_ws_pcdata;
  const auto result = parsed.document_->load_buffer_inplace(parsed.text_->data(), parsed.text_->size(), options);
  if (!result)
    return fail(Errc::corrupted, object, "the answer is not whole XML: " + std::string(result.description()));
  for (const pugi::xml_node node : parsed.document_->children())
    if (node.type() == pugi::node_doctype) return fail(Errc::corrupted, object, "the answer has a document type");
  ShapeCheck check;
  if (!parsed.document_->traverse(check))
    return fail(Errc::corrupted, object, "the answer is nested too deeply, or an element has too many attributes");
  if (!parsed.root()) return fail(Errc::corrupted, object, "the answer is empty");
  return parsed;
}

std::string xml_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\r': out += "&#13;"; break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\n') out += c;
    }
  }
  return out;
}

}  // namespace mapistore::dav
