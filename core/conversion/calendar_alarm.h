#pragma once

#include <chrono>

#include <mapistore/message_object.h>

#include "core/conversion/calendar_source.h"

namespace mapistore::conversion {

/// The alarm that is the reminder of a component whose times `bag` has: the first that rings on or before the start.
/// Null: none is. `delta`: how long before.
const codec::ContentComponent* reminder_of(const CalendarSource& source, const codec::ContentComponent& component,
                                           const PropertyBag& bag, std::chrono::minutes& delta);

}  // namespace mapistore::conversion
