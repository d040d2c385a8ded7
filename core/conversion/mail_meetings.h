#pragma once

#include <optional>
#include <string>

#include <mapistore/message_object.h>

#include "core/conversion/convert.h"
#include "core/mime/part.h"

namespace mapistore::conversion {

// Mail that carries a meeting (RFC 6047; MS-OXCMAIL 2.1.3.4).

/// Adds what the text/calendar `part` tells to what the mail around it has told, which counts where both tell.
void merge_meeting(const mime::Part& part, MessageObject& message, LossReport& losses);

/// Whether a message of this class is one about a meeting.
bool is_meeting_class(std::string_view message_class) noexcept;

/// The calendar of a meeting's message, with its METHOD.
Result<std::string> meeting_calendar(const MessageObject& message, LossReport& losses);

/// The calendar in `part`, changed to what `wanted` says where `current` says something else; nothing if it stays.
Result<std::optional<std::string>> edited_calendar(const mime::Part& part, const MessageObject& current,
                                                   const MessageObject& wanted, LossReport& losses);

/// Value of the METHOD that a class stands for: "REQUEST".
std::string_view method_of(std::string_view message_class) noexcept;

}  // namespace mapistore::conversion
