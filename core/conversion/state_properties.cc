#include "core/conversion/state_properties.h"

#include <algorithm>
#include <array>

#include "core/properties/known_properties.h"
#include "core/properties/system_time.h"

namespace mapistore {

namespace {

// MS-OXCMSG 2.2.1.6, MS-OXOFLAG 2.2.1.1, MS-OXOMSG 2.2.1.9
constexpr std::int32_t flag_read = 0x1, flag_unsent = 0x8;
constexpr std::int32_t follow_up_flagged = 2;
constexpr std::int32_t verb_reply = 102, verb_forward = 104;
constexpr std::int32_t importance_normal = 1;

const PropertyId& received_id(MessageKind kind) {
  static const PropertyId delivered = tag::message_delivery_time, modified = tag::last_modification_time;
  return kind == MessageKind::mail ? delivered : modified;
}

const PropertyId& keywords_id() {
  static const PropertyId id = PropertyName(pname::keywords);
  return id;
}

bool is_content_kind(MessageKind kind) noexcept {
  return kind == MessageKind::appointment || kind == MessageKind::task || kind == MessageKind::journal ||
         kind == MessageKind::contact;
}

std::int32_t number(const PropertyBag& bag, const PropertyId& id, std::int32_t otherwise) noexcept {
  const std::int32_t* value = bag.get<std::int32_t>(id);
  return value == nullptr ? otherwise : *value;
}

bool differs(const PropertyBag& a, const PropertyBag& b, const PropertyId& id) {
  const Property* one = a.find(id);
  const Property* other = b.find(id);
  return one == nullptr || other == nullptr ? one != other : *one != *other;
}

std::unexpected<Error> wrong(std::string_view property) {
  return fail(Errc::invalid_content, property, "has no value of its type and range");
}

/// The value of T that a property has; none if it is not there.
template <class T>
Result<std::optional<T>> value_of(const PropertyBag& bag, const PropertyId& id, std::string_view name) {
  const Property* found = bag.find(id);
  if (found == nullptr) return std::optional<T>{};
  const T* value = std::get_if<T>(&found->value);
  if (value == nullptr) return wrong(name);
  return std::optional<T>{*value};
}

}  // namespace

bool is_computed(const PropertyId& id) noexcept {
  const Writability writability = writability_of(id);
  return writability == Writability::computed || writability == Writability::identity;
}

void show_state(MessageKind kind, const State& state, Time received, PropertyBag& properties) {
  const std::int32_t others = number(properties, tag::message_flags, 0) & ~(flag_read | flag_unsent);
  properties.set(tag::message_flags, others | (state.read ? flag_read : 0) | (state.draft ? flag_unsent : 0));
  if (state.flagged) properties.set(tag::flag_status, follow_up_flagged);
  if (state.forwarded || state.answered)
    properties.set(tag::last_verb_executed, state.forwarded ? verb_forward : verb_reply);
  if (state.importance != importance_normal || !properties.contains(tag::importance))
    properties.set(tag::importance, std::int32_t{state.importance});
  if (!state.categories.empty()) properties.set(keywords_id(), state.categories);
  if (kind == MessageKind::mail || !properties.contains(received_id(kind)))
    properties.set(received_id(kind), to_system_time(received));
}

bool is_state_property(MessageKind kind, const PropertyBag& derived, const State& state,
                       const PropertyId& id) noexcept {
  if (same_identity(id, tag::message_flags)) return true;
  if (same_identity(id, tag::flag_status)) return state.flagged || !derived.contains(id);
  if (same_identity(id, tag::last_verb_executed)) return true;
  if (same_identity(id, tag::importance))
    return state.importance != importance_normal || (!derived.contains(id) && !is_content_kind(kind));
  if (same_identity(id, keywords_id()))
    return !state.categories.empty() || (!derived.contains(id) && !is_content_kind(kind));
  return same_identity(id, received_id(kind)) && (kind == MessageKind::mail || !derived.contains(id));
}

Result<StateAndTime> change_state(MessageKind kind, const PropertyBag& derived, const PropertyBag& shown,
                                  const PropertyBag& wanted, StateAndTime now) {
  const auto changed = [&](const PropertyId& id) {
    return is_state_property(kind, derived, now.state, id) && differs(shown, wanted, id);
  };
  State state = now.state;
  if (changed(tag::message_flags)) {
    const auto flags = MAPISTORE_TRY(value_of<std::int32_t>(wanted, tag::message_flags, "PidTagMessageFlags"));
    state.read = (flags.value_or(0) & flag_read) != 0;
    state.draft = (flags.value_or(0) & flag_unsent) != 0;
  }
  if (changed(tag::flag_status)) {
    const auto status = MAPISTORE_TRY(value_of<std::int32_t>(wanted, tag::flag_status, "PidTagFlagStatus"));
    state.flagged = status == follow_up_flagged;
  }
  if (changed(tag::last_verb_executed)) {
    const auto verb = MAPISTORE_TRY(value_of<std::int32_t>(wanted, tag::last_verb_executed, "PidTagLastVerbExecuted"));
    state.forwarded = verb == verb_forward;
    state.answered = verb.value_or(0) >= verb_reply && verb.value_or(0) < verb_forward;
  }
  if (changed(tag::importance)) {
    const auto value = MAPISTORE_TRY(value_of<std::int32_t>(wanted, tag::importance, "PidTagImportance"));
    if (value && (*value < 0 || *value > 2)) return wrong("PidTagImportance");
    state.importance = static_cast<std::uint8_t>(value.value_or(importance_normal));
  }
  if (changed(keywords_id())) {
    auto words = MAPISTORE_TRY(value_of<std::vector<std::string>>(wanted, keywords_id(), "PidNameKeywords"));
    state.categories = std::move(words).value_or(std::vector<std::string>{});
    if (std::ranges::any_of(state.categories, [](const std::string& word) {
          return word.empty() || word.find_first_of(std::string_view("\n\0", 2)) != std::string::npos;
        }))
      return wrong("PidNameKeywords");
  }
  if (changed(received_id(kind))) {
    const auto time = MAPISTORE_TRY(value_of<SystemTime>(wanted, received_id(kind), "the time of delivery"));
    if (time) now.received = to_time(*time);
  }
  now.state = std::move(state);
  return now;
}

}  // namespace mapistore
