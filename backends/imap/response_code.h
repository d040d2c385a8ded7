#pragma once

#include <string_view>

#include "backends/imap/reply.h"

namespace mapistore::imap {

/// Takes `[CODE arguments] ` from the front of `text`, if it is there. A `]` within quotes or parentheses does not end
/// a code, for flags may have one.
ResponseCode take_response_code(std::string_view& text);

/// `OK [CODE] text`, with or without code and text; nothing if no condition begins so.
std::optional<ConditionReply> parse_condition(std::string_view text);

/// Whether RFC 8474 allows it: servers have been seen to send memory they had not written.
bool is_object_id(std::string_view text) noexcept;

}  // namespace mapistore::imap
