#pragma once

#include <memory>
#include <vector>

#include <mapistore/property.h>

namespace mapistore {

/// Properties of one object, at most one of each identity, sorted: tags by id, then names by set and number or string.
///
/// Within a bag the id is the identity and the type an attribute: setting 0x1000 as `binary` replaces 0x1000 as
/// `unicode`. Lookups are binary searches; `set` in ascending order costs no moves. A value type.
class MAPISTORE_API PropertyBag {
 public:
  using const_iterator = std::vector<Property>::const_iterator;

  /// The property with the identity of `id`, whatever its type; null if there is none.
  const Property* find(const PropertyId& id) const noexcept;

  /// Its value if it has one of type T, or null.
  template <class T>
  const T* get(const PropertyId& id) const noexcept {
    const Property* found = find(id);
    return found == nullptr ? nullptr : std::get_if<T>(&found->value);
  }

  bool contains(const PropertyId& id) const noexcept { return find(id) != nullptr; }
  void set(PropertyId id, PropertyValue value);
  /// Whether there was one.
  bool erase(const PropertyId& id) noexcept;

  bool empty() const noexcept { return properties_.empty(); }
  std::size_t size() const noexcept { return properties_.size(); }
  const_iterator begin() const noexcept { return properties_.begin(); }
  const_iterator end() const noexcept { return properties_.end(); }
  friend bool operator==(const PropertyBag&, const PropertyBag&) = default;

 private:
  std::vector<Property> properties_;
};

/// Whether two ids name the same property of a bag: equal but for the type.
MAPISTORE_API bool same_identity(const PropertyId& a, const PropertyId& b) noexcept;

struct MessageObject;

/// An attachment (MS-OXCMSG 2.2.2). Its bytes, if any, are PidTagAttachDataBinary of `properties`.
struct MAPISTORE_API Attachment {
  PropertyBag properties;
  std::shared_ptr<const MessageObject> embedded;  ///< with PidTagAttachMethod afEmbeddedMessage (5); else null

  MAPISTORE_API friend bool operator==(const Attachment& a, const Attachment& b);
};

/// A message as MAPI sees it (MS-OXCMSG 2.2.1): its properties, recipients and attachments. A value type.
struct MAPISTORE_API MessageObject {
  PropertyBag properties;
  std::vector<PropertyBag> recipients;  ///< in the order of the message
  std::vector<Attachment> attachments;  ///< in the order of the message; PidTagAttachNumber tells them apart

  MAPISTORE_API friend bool operator==(const MessageObject& a, const MessageObject& b);
};

}  // namespace mapistore
