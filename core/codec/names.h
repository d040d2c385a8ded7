#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <mapistore/message.h>

namespace mapistore {

// How messages and folders are called in the mount: docs of the projection, section 2. A name depends on the message
// alone, never on locale, time zone or medium. All are pure and may be called from any thread.

/// Ten base32 characters (RFC 4648, in lower case: a-z2-7) of SHA-256 over the message's own identity.
std::string id10(const Summary& summary, std::uint64_t size);

/// The name of a message that nobody has named, e.g.
/// `20260817T093102Z_anna.mueller@firma.example_Re_Angebot_4711.u3chdqyt4k.eml`.
///
/// `outgoing`: the first recipient stands in place of the sender. `received` is used where the message has no
/// believable date. A document keeps its own name. At most 200 bytes, legal, never a scratch name.
std::string canonical_name(const Summary& summary, std::uint64_t size, Time received, bool outgoing);

/// The one legal directory name of a display name, which may be any bytes. At most 255 bytes, never a scratch name.
std::string folder_name(std::string_view display_name);

/// `name` with `~n` before its extension, shortened where it would have over 255 bytes.
std::string numbered(std::string_view name, unsigned n);

/// Names that stay local: editors, downloads and rsync write them, and rename or remove them when done. A leading `.`,
/// `x~`, `*.tmp`, `*.part`, `*.swp`, `~$x`, `#x#`, `4913`.
bool is_scratch_name(std::string_view name) noexcept;

/// What `sed -i` writes to before it renames: `sed` and six ASCII letters or digits. Some words are such names too.
bool is_sed_name(std::string_view name) noexcept;

/// The id10 that `name` ends with before its extension, also of a bare `<id10>.<ext>`. A view into `name`.
std::optional<std::string_view> id10_of_name(std::string_view name) noexcept;

}  // namespace mapistore
