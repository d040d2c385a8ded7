#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <mapistore/message_object.h>

#include "core/conversion/loss.h"
#include "core/mime/part.h"

namespace mapistore::conversion {

/// All that the header block of a message tells but what is in it: PidTagTransportMessageHeaders and each field that
/// has a property.
void read_header(std::string_view header, MessageObject& message, LossReport& losses);

/// Fields that tell the same properties and so change together.
struct FieldGroup {
  std::vector<std::string> names;  ///< of all fields that may tell them, lower case; the first is the one written
  std::string lines;               ///< whole fields as they are written, with CRLF; empty: there is nothing to tell
};

/// Whether what every message is when nothing is said (importance, sensitivity) is written.
enum class Defaults : bool { left_out, written };

/// The fields that tell the properties and recipients of a message, in the order in which they are written.
std::vector<FieldGroup> write_header(const MessageObject& message, Defaults defaults, LossReport& losses);

/// Whether the field, with its name in lower case, tells what a part holds, and not what the message is.
bool is_structural(std::string_view name) noexcept;
/// Whether it tells the way a message took, or proves something about it: kept in the header block alone.
bool is_trace(std::string_view name) noexcept;

/// PidTagSubjectPrefix and PidTagNormalizedSubject of a subject (MS-OXCMSG 3.2.4.5); views into it.
struct SplitSubject {
  std::string_view prefix, normalized;
};
SplitSubject split_subject(std::string_view subject) noexcept;

}  // namespace mapistore::conversion
