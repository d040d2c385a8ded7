#pragma once

#include <mapistore/message.h>
#include <mapistore/message_object.h>

namespace mapistore {

// The one place where a message's state, which its medium holds beside the bytes, meets its properties.

/// Whether a property is computed from others or belongs to the store: told, and never taken.
MAPISTORE_API bool is_computed(const PropertyId& id) noexcept;

/// Adds what `state` and `received` say to the properties that the bytes tell.
MAPISTORE_API void show_state(MessageKind kind, const State& state, Time received, PropertyBag& properties);

/// Whether a change of this property is one of state rather than of content. `derived`: what the bytes tell.
MAPISTORE_API bool is_state_property(MessageKind kind, const PropertyBag& derived, const State& state,
                                     const PropertyId& id) noexcept;

struct StateAndTime {
  State state;
  Time received{};
};

/// `now`, changed as far as the state properties of `wanted` differ from those of `shown`, which `show_state` made of
/// `derived`. Errc::invalid_content: a value is not of its property's type or range.
MAPISTORE_API Result<StateAndTime> change_state(MessageKind kind, const PropertyBag& derived, const PropertyBag& shown,
                                                const PropertyBag& wanted, StateAndTime now);

}  // namespace mapistore
