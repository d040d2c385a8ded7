#include <mapistore/message_object.h>

#include <algorithm>

namespace mapistore {
namespace {

/// The order of a bag: by identity alone.
std::strong_ordering compare(const PropertyId& a, const PropertyId& b) noexcept {
  if (const auto order = a.index() <=> b.index(); order != 0) return order;
  if (const auto* tag = std::get_if<PropertyTag>(&a)) return tag->id() <=> std::get<PropertyTag>(b).id();
  const auto& one = std::get<PropertyName>(a);
  const auto& other = std::get<PropertyName>(b);
  if (const auto order = one.set <=> other.set; order != 0) return order;
  return one.name <=> other.name;
}

bool is_before(const Property& property, const PropertyId& id) noexcept { return compare(property.id, id) < 0; }

}  // namespace

bool same_identity(const PropertyId& a, const PropertyId& b) noexcept { return compare(a, b) == 0; }

const Property* PropertyBag::find(const PropertyId& id) const noexcept {
  const auto at = std::lower_bound(properties_.begin(), properties_.end(), id, is_before);
  return at != properties_.end() && same_identity(at->id, id) ? &*at : nullptr;
}

void PropertyBag::set(PropertyId id, PropertyValue value) {
  const auto at = properties_.empty() || is_before(properties_.back(), id)
                      ? properties_.end()
                      : std::lower_bound(properties_.begin(), properties_.end(), id, is_before);
  if (at != properties_.end() && same_identity(at->id, id))
    *at = {std::move(id), std::move(value)};
  else
    properties_.insert(at, {std::move(id), std::move(value)});
}

bool PropertyBag::erase(const PropertyId& id) noexcept {
  const auto at = std::lower_bound(properties_.begin(), properties_.end(), id, is_before);
  if (at == properties_.end() || !same_identity(at->id, id)) return false;
  properties_.erase(at);
  return true;
}

bool operator==(const Attachment& a, const Attachment& b) {
  if (a.properties != b.properties) return false;
  if (a.embedded == nullptr || b.embedded == nullptr) return a.embedded == b.embedded;
  return *a.embedded == *b.embedded;
}

bool operator==(const MessageObject& a, const MessageObject& b) {
  return a.properties == b.properties && a.recipients == b.recipients && a.attachments == b.attachments;
}

}  // namespace mapistore
