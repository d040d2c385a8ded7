#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <mapistore/result.h>

namespace mapistore::imap {

/// How the two sides write mailbox names: UTF-8 once UTF8=ACCEPT or IMAP4rev2 is enabled, else modified UTF-7.
enum class NameEncoding : std::uint8_t { utf7, utf8 };

/// A raw name, or one level of it, for show. A name that would not be the same after encoding it again (it is not
/// canonical, or no modified UTF-7 at all) is shown as its bytes, with what is no UTF-8 as U+FFFD. The raw bytes stay
/// the only way to name the mailbox to the server.
std::string shown_name(std::string_view raw, NameEncoding encoding);

/// The raw name of one level or of a whole path. Errc::invalid_argument: empty, not UTF-8, or with control
/// characters, which no server takes.
Result<std::string> raw_name(std::string_view shown, NameEncoding encoding);

/// Modified UTF-7 (RFC 3501 5.1.3) to UTF-8; nothing if `raw` is not its canonical form.
std::optional<std::string> decode_utf7(std::string_view raw);

/// UTF-8 to modified UTF-7. Nothing if `text` is not UTF-8.
std::optional<std::string> encode_utf7(std::string_view text);

/// The mailbox that every account has, as it is written here (RFC 3501 5.1).
inline constexpr std::string_view inbox = "INBOX";

/// Whether two raw names are one mailbox: equal bytes, but for INBOX, whose case does not matter.
bool same_mailbox(std::string_view a, std::string_view b) noexcept;

/// "INBOX" for INBOX in any case, else the name itself.
std::string_view canonical_mailbox(std::string_view raw) noexcept;

}  // namespace mapistore::imap
