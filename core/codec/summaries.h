#pragma once

#include <string_view>

#include <mapistore/message.h>

namespace mapistore::codec {

// What `summarize` does for each format; `head` is already cut to the window.

Summary mail_summary(std::string_view head);

/// Of the first VEVENT, VTODO or VJOURNAL; if that is an exception to a series and the series follows, of the
/// series, since a server may put the two in any order. Without any component: empty, of kind `expected`.
Summary calendar_summary(MessageKind expected, std::string_view head);

/// Of the first card. The subject is `Family Given Organisation`, or the formatted name where both names are empty.
Summary contact_summary(std::string_view head);

}  // namespace mapistore::codec
