#include "core/restriction_match.h"

#include <algorithm>
#include <array>
#include <compare>

#include "core/codec/case_folding.h"
#include "core/conversion/state_properties.h"
#include "core/message_view.h"
#include "core/properties/known_properties.h"
#include "core/properties/system_time.h"

namespace mapistore {
namespace {

using Kind = Restriction::Kind;

Truth truth(bool holds) noexcept { return holds ? Truth::yes : Truth::no; }

/// What conditions joined by the logic of three values come to.
Truth join(const Restriction& restriction, const auto& of) {
  const bool all = restriction.kind == Kind::conjunction;
  if (restriction.kind == Kind::negation) {
    const Truth part = of(restriction.parts.front());
    return part == Truth::unknown ? part : truth(part == Truth::no);
  }
  Truth joined = truth(all);
  for (const Restriction& one : restriction.parts) {
    const Truth part = of(one);
    if (part == truth(!all)) return part;
    if (part == Truth::unknown) joined = part;
  }
  return joined;
}

bool is_joined(Kind kind) noexcept {
  return kind == Kind::conjunction || kind == Kind::disjunction || kind == Kind::negation;
}

bool stands(Relation relation, std::partial_ordering order) noexcept {
  switch (relation) {
    case Relation::less: return order < 0;
    case Relation::less_or_equal: return order <= 0;
    case Relation::greater: return order > 0;
    case Relation::greater_or_equal: return order >= 0;
    case Relation::equal: return order == 0;
    case Relation::not_equal: return order != 0;
  }
  return false;
}

std::partial_ordering compare(const PropertyValue& a, const PropertyValue& b) {
  return std::visit(
      [](const auto& one, const auto& other) -> std::partial_ordering {
        using One = std::decay_t<decltype(one)>;
        using Other = std::decay_t<decltype(other)>;
        if constexpr (std::is_same_v<One, Other> && std::three_way_comparable<One>) {
          return one <=> other;
        } else if constexpr (std::is_integral_v<One> && std::is_integral_v<Other>) {
          return static_cast<std::int64_t>(one) <=> static_cast<std::int64_t>(other);
        } else {
          return std::partial_ordering::unordered;
        }
      },
      a, b);
}

/// A text that is looked for, and how to look for it.
class Needle {
 public:
  explicit Needle(std::string_view text) : folded_{codec::folded_case(text)} {}

  bool is_in(std::string_view text) const { return codec::folded_case(text).contains(folded_); }

  bool is_in_value(const PropertyValue& value) const {
    if (const auto* text = std::get_if<std::string>(&value)) return is_in(*text);
    if (const auto* text = std::get_if<String8>(&value)) return is_in(text->bytes);
    if (const auto* bytes = std::get_if<Binary>(&value))
      return is_in(std::string_view{reinterpret_cast<const char*>(bytes->data()), bytes->size()});
    if (const auto* large = std::get_if<LargeValue>(&value)) return is_in_content(*large->content);
    if (const auto* texts = std::get_if<std::vector<std::string>>(&value))
      return std::ranges::any_of(*texts, [this](const std::string& text) { return is_in(text); });
    return false;
  }

 private:
  /// By windows that overlap by more than the text can take up, so that it lies whole in one of them.
  bool is_in_content(const Content& content) const {
    constexpr std::size_t window_size = std::size_t{1024} * 1024, longest_character = 4;
    const std::size_t overlap = (folded_.size() + 2) * longest_character;
    const auto reader = content.reader();
    std::string window;
    while (true) {
      const std::size_t kept = std::min(window.size(), overlap);
      window.erase(0, window.size() - kept);
      window.resize(kept + window_size);
      const auto count = reader->read(std::as_writable_bytes(std::span{window}.subspan(kept)));
      if (!count || *count == 0) return false;
      window.resize(kept + *count);
      if (is_in(std::string_view{window})) return true;
    }
  }

  std::string folded_;
};

bool is_text(const Property& property) {
  return std::holds_alternative<std::string>(property.value) || std::holds_alternative<String8>(property.value) ||
         std::holds_alternative<std::vector<std::string>>(property.value) || same_identity(property.id, tag::body) ||
         same_identity(property.id, tag::html);
}

bool has_text(const PropertyBag& bag, const Needle& needle) {
  return std::ranges::any_of(
      bag, [&](const Property& property) { return is_text(property) && needle.is_in_value(property.value); });
}

bool mentions(const PropertyFile& file, const Needle& needle) {
  const MessageObject& message = file.message;
  const auto in = [&](const PropertyBag& bag) { return has_text(bag, needle); };
  return in(message.properties) || in(file.read_only) || std::ranges::any_of(message.recipients, in) ||
         std::ranges::any_of(message.attachments, in, &Attachment::properties);
}

/// A condition on one property, which is not there if `value` is null.
bool holds(const Restriction& restriction, const PropertyValue* value) {
  if (value == nullptr) return false;
  switch (restriction.kind) {
    case Kind::content: return Needle{restriction.text}.is_in_value(*value);
    case Kind::comparison: return stands(restriction.relation, compare(*value, restriction.value));
    case Kind::bits: {
      const auto* has = std::get_if<std::int32_t>(value);
      const auto* bits = std::get_if<std::int32_t>(&restriction.value);
      return has != nullptr && bits != nullptr && (*has & *bits) != 0;
    }
    default: return true;
  }
}

Truth matches_bag(const Restriction& restriction, const PropertyBag& bag) {
  if (is_joined(restriction.kind))
    return join(restriction, [&](const Restriction& part) { return matches_bag(part, bag); });
  if (restriction.kind == Kind::any_text) return truth(has_text(bag, Needle{restriction.text}));
  const Property* found = bag.find(restriction.property);
  return truth(holds(restriction, found == nullptr ? nullptr : &found->value));
}

/// Whether the index tells of every message whether it satisfies this.
bool is_indexed(const Restriction& restriction) {
  if (is_joined(restriction.kind)) return std::ranges::all_of(restriction.parts, is_indexed);
  if (restriction.kind == Kind::any_text || restriction.kind == Kind::recipient) return false;
  return std::ranges::any_of(std::array{tag::message_delivery_time, tag::message_class, tag::message_flags,
                                        tag::flag_status, tag::last_verb_executed},
                             [&](const PropertyTag tag) { return same_identity(restriction.property, tag); });
}

/// The value of a property that the index has, and has the last word on.
std::optional<PropertyValue> indexed(const StoredMessage& message, const PropertyId& id) {
  const Node& node = message.node;
  if (same_identity(id, tag::message_delivery_time)) return to_system_time(node.modified);
  if (same_identity(id, tag::message_class)) return std::string(message_class(node.message_kind));
  if (same_identity(id, tag::message_size) && node.size_trust == SizeTrust::exact)
    return static_cast<std::int64_t>(node.size);
  PropertyBag state;
  show_state(MessageKind::mail, message.state, node.modified, state);
  for (const PropertyTag tag : {tag::message_flags, tag::flag_status, tag::last_verb_executed}) {
    if (!same_identity(id, tag)) continue;
    const Property* found = state.find(id);
    return found == nullptr ? PropertyValue{std::int32_t{0}} : found->value;
  }
  return std::nullopt;
}

Truth matches_view(const Restriction& restriction, const MessageView& view) {
  if (is_joined(restriction.kind))
    return join(restriction, [&](const Restriction& part) { return matches_view(part, view); });
  if (const Truth known = matches(restriction, view.stored); known != Truth::unknown) return known;
  const MessageObject& message = view.file.message;
  if (restriction.kind == Kind::any_text) return truth(mentions(view.file, Needle{restriction.text}));
  if (restriction.kind == Kind::recipient)
    return truth(std::ranges::any_of(message.recipients, [&](const PropertyBag& recipient) {
      return matches_bag(restriction.parts.front(), recipient) == Truth::yes;
    }));
  if (same_identity(restriction.property, tag::has_attachments)) {
    const PropertyValue has = !message.attachments.empty();
    return truth(holds(restriction, &has));
  }
  if (same_identity(restriction.property, tag::message_size)) {
    const PropertyValue size = static_cast<std::int64_t>(view.bytes.view().size());
    return truth(holds(restriction, &size));
  }
  const Property* found = message.properties.find(restriction.property);
  if (found == nullptr) found = view.file.read_only.find(restriction.property);
  return truth(holds(restriction, found == nullptr ? nullptr : &found->value));
}

}  // namespace

Truth matches(const Restriction& restriction, const StoredMessage& message) {
  if (is_joined(restriction.kind))
    return join(restriction, [&](const Restriction& part) { return matches(part, message); });
  if (restriction.kind == Kind::any_text || restriction.kind == Kind::recipient) return Truth::unknown;
  if (const auto value = indexed(message, restriction.property)) return truth(holds(restriction, &*value));
  // A category that the medium has beside the bytes; those of the bytes are there, too.
  if (restriction.kind == Kind::content && same_identity(restriction.property, PropertyName(pname::keywords)) &&
      Needle{restriction.text}.is_in_value(message.state.categories))
    return Truth::yes;
  return Truth::unknown;
}

Restriction without_indexed(const Restriction& restriction) {
  if (is_indexed(restriction)) return {};
  if (restriction.kind != Kind::conjunction) return restriction;
  Restriction rest;
  for (const Restriction& part : restriction.parts)
    if (!is_indexed(part)) rest.parts.push_back(without_indexed(part));
  return rest;
}

bool matches(const Restriction& restriction, const MessageView& view) {
  return matches_view(restriction, view) == Truth::yes;
}

}  // namespace mapistore
