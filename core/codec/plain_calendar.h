#pragma once

#include <string>

#include "core/codec/content_document.h"

namespace mapistore::codec {

/// What of `calendar`, a VCALENDAR of `document`, tells when something is: its time zones and events, of their
/// properties those with times, and of their parameters VALUE and TZID. All else could cost its reader, which makes an
/// object of each component, property and value, much time and memory.
///
/// Of a time zone at most 200 observances are kept, and none with a rule that says more than when in a year clocks
/// change, since libical works out each for centuries. Lines are not folded.
std::string plain_calendar(const ContentDocument& document, const ContentComponent& calendar);

}  // namespace mapistore::codec
