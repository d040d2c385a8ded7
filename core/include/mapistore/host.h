#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <mapistore/object.h>
#include <mapistore/result.h>

namespace mapistore {

enum class LogLevel : std::uint8_t { trace, debug, info, warning, error };

/// What a backend may ask of its process. Thread-safe; outlives every backend.
class MAPISTORE_API Host {
 public:
  virtual ~Host();

  /// One line; known secrets are redacted. `object` names what the line is about.
  virtual void log(LogLevel level, std::string_view object, std::string_view text) noexcept = 0;

  /// The password or token for a context's URI. May run a command or ask the desktop: blocks. Errc::not_found when no
  /// source is configured, with the way to configure one.
  virtual Result<std::string> secret(const class ContextUri& uri) = 0;

  /// What `secret` answered was not accepted: a source that may have another by now, such as a command that prints
  /// tokens, is asked again next time.
  virtual void refuse_secret(const class ContextUri& uri) { static_cast<void>(uri); }

  /// A directory, 0700, for what the named backend must keep on this machine. Created on demand.
  virtual Result<std::filesystem::path> state_directory(std::string_view backend) = 0;

  /// The wall clock; tests set it.
  virtual Time now() const noexcept = 0;
};

}  // namespace mapistore
