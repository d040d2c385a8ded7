#pragma once

#include <string>
#include <string_view>

#include <mapistore/message_object.h>

#include "core/mime/part.h"

namespace mapistore::conversion {

// Reports of delivery and of reading (RFC 3464, RFC 8098; MS-OXCMAIL 2.2.3).

/// The message class that a message/delivery-status or message/disposition-notification makes of its message.
std::string_view report_class(const mime::Part& part);

/// Adds the recipients that a delivery status tells of, with what became of the message there.
void read_report(const mime::Part& part, MessageObject& message);

/// Whether a recipient is one that a report tells of, and none that the report itself goes to.
bool is_report_row(const PropertyBag& recipient);

/// The body of a message/delivery-status that says of the recipients what their rows say.
std::string delivery_status(const MessageObject& message);

}  // namespace mapistore::conversion
