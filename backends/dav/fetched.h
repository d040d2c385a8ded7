#pragma once

#include <string>
#include <string_view>

#include <mapistore/message.h>

#include "backends/dav/collection.h"
#include "backends/dav/server_profile.h"

namespace mapistore::dav {

/// One object as the server gave it.
struct Fetched {
  Key key;
  ChangeKey change;
  std::string bytes;
  Time modified{};  ///< as the server says, else by what the object says of itself, else the epoch
};

/// Whether an ETag does not tell one sequence of bytes from another (RFC 9110 8.8.1).
bool is_weak(std::string_view etag) noexcept;
/// The validator of an object: its ETag, and where that is not to be trusted a digest of its bytes too.
ChangeKey change_of(const ServerProfile& profile, std::string_view etag, std::string_view bytes);
/// Whether `change_of` looks at the bytes.
bool needs_bytes(const ServerProfile& profile, std::string_view etag) noexcept;
/// The ETag in a validator, as If-Match wants it; empty if there is none that it could compare.
std::string etag_of(const ChangeKey& change);

/// What a listing tells of it.
Entry entry_of(const Fetched& object, bool is_card);
/// As a bit of `component`.
unsigned component_of(MessageKind kind) noexcept;

/// LAST-MODIFIED, REV, DTSTAMP or CREATED of an object, whichever is first of these.
Time time_in(std::string_view text);

}  // namespace mapistore::dav
