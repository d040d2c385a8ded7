#pragma once

#include <string>
#include <string_view>

#include <mapistore/host.h>

/// The program's log: one line per event, for people and for journald. Thread-safe.
///
/// Whatever a line holds, it stays one line (control characters are escaped) and shows no registered secret.
namespace mapistore::log {

enum class Target {
  standard_error,  ///< with a priority prefix under systemd, else with time and level
  system,          ///< syslog, for a program in the background
};

/// Begins to write to `target` what is at least `level`. Before, lines go to standard error from `info` on.
MAPISTORE_API void start(LogLevel level, Target target);

MAPISTORE_API void set_level(LogLevel level) noexcept;

/// Writes `object: text`, or just `text` if it is about nothing in particular.
MAPISTORE_API void line(LogLevel level, std::string_view object, std::string_view text) noexcept;

/// Hides `secret` in every later line. One shorter than 4 bytes would hide ordinary words, and is not taken.
MAPISTORE_API void redact(std::string_view secret);

/// `secret` opens nothing any more, as a token that has ended: it need not be remembered.
MAPISTORE_API void no_longer_secret(std::string_view secret);

/// `text` as a line would show it: one line, secrets as `***`.
MAPISTORE_API std::string harmless(std::string_view text);

/// The level called trace, debug, info, warning or error. Errc::invalid_argument names them.
MAPISTORE_API Result<LogLevel> parse_level(std::string_view name);

}  // namespace mapistore::log
