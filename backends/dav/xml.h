#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <mapistore/result.h>

namespace pugi {
class xml_document;
struct xml_node_struct;
}  // namespace pugi

namespace mapistore::dav {

inline constexpr std::string_view ns_dav = "DAV:";
inline constexpr std::string_view ns_caldav = "urn:ietf:params:xml:ns:caldav";
inline constexpr std::string_view ns_carddav = "urn:ietf:params:xml:ns:carddav";
inline constexpr std::string_view ns_calendarserver = "http://calendarserver.org/ns/";
inline constexpr std::string_view ns_apple = "http://apple.com/ns/ical/";
inline constexpr std::string_view ns_inf_it = "http://inf-it.com/ns/ab/";

/// An element of a document, or none. Borrowed from its XmlDocument.
class XmlElement {
 public:
  XmlElement() = default;
  explicit XmlElement(pugi::xml_node_struct* node) noexcept : node_{node} {}

  explicit operator bool() const noexcept { return node_ != nullptr; }
  /// Whether it is called `local` in the namespace `space`, whatever its prefix (XML Names 1.0).
  bool is(std::string_view space, std::string_view local) const;
  std::string_view local_name() const;
  /// Of an attribute without a prefix.
  std::string_view attribute(std::string_view name) const;
  /// The first child element of that name, or none.
  XmlElement child(std::string_view space, std::string_view local) const;
  XmlElement first_child() const;
  XmlElement next() const;
  /// All text directly in it, sections of CDATA included. UTF-8; halves of a character that a server wrote as two
  /// references are one again, and control characters that XML forbids are gone.
  std::string text() const;
  /// The same with such characters, which some servers hand over as they have them.
  std::string data() const;
  /// Calls `use` with each child element.
  template <class Use>
  void each(Use use) const {
    for (XmlElement at = first_child(); at; at = at.next()) use(at);
  }

 private:
  std::string content() const;
  std::string_view namespace_of(std::string_view prefix) const;

  pugi::xml_node_struct* node_ = nullptr;
};

/// A parsed answer. Reads no document type, so that nothing in it is expanded.
class XmlDocument {
 public:
  /// Errc::corrupted: `text` is no whole document, or has a document type; `object` is who sent it.
  static Result<XmlDocument> parse(std::string text, std::string_view object);
  XmlDocument(XmlDocument&&) noexcept;
  ~XmlDocument();

  XmlElement root() const;

 private:
  XmlDocument();

  std::unique_ptr<std::string> text_;  ///< what the parsed nodes point into
  std::unique_ptr<pugi::xml_document> document_;
};

/// `text` as the content of an element: markup escaped, what XML 1.0 cannot hold left out.
std::string xml_escaped(std::string_view text);

}  // namespace mapistore::dav
