#pragma once

#include <cstdint>
#include <string_view>

namespace mapistore::conversion {

/// PidTagRecipientType in calendar objects (MS-OXOCAL 2.2.4.10.7). An organizer who is no attendee has a row of its
/// own.
inline constexpr std::int32_t attendee_organizer = 0, attendee_required = 1, attendee_optional = 2,
                              attendee_resource = 3;

/// PidTagRecipientFlags (MS-OXOCAL 2.2.4.10.1).
inline constexpr std::int32_t recipient_sendable = 0x1, recipient_organizer = 0x2;

/// Of an ATTENDEE: when PARTSTAT was answered, in UTC. Calendar servers write it, iCalendar has no parameter for it.
inline constexpr std::string_view reply_time_parameter = "X-CALENDARSERVER-DTSTAMP";

}  // namespace mapistore::conversion
