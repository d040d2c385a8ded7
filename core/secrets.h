#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include <mapistore/uri.h>

#include "core/oauth2.h"
#include "core/secret_text.h"

namespace mapistore {

/// The value of an environment variable.
struct EnvironmentSecret {
  std::string variable;
};

/// The first line of a regular file of ours or root's, with mode 0600 or 0400.
struct FileSecret {
  std::filesystem::path path;
};

/// The first line that a command writes, run by /bin/sh. It has no terminal.
struct CommandSecret {
  std::string command;
};

/// What the desktop's secret service keeps under the attributes `service` and `label`, asked for by secret-tool.
struct DesktopSecret {
  std::string service, label;
};

using StoredSecret = std::variant<EnvironmentSecret, FileSecret, CommandSecret, DesktopSecret>;

/// An access token, asked for by a refresh token. A new refresh token that comes with it is put back into a file; from
/// any other source it lasts as long as the process.
struct OAuth2Secret {
  OAuth2Client client;
  StoredSecret refresh_token;
};

using SecretSource = std::variant<EnvironmentSecret, FileSecret, CommandSecret, DesktopSecret, OAuth2Secret>;

/// Holds the passwords of a process, and fetches them where it was told to. Thread-safe.
///
/// Memory of ours that held one is wiped. The log is told of each, so that none appears in a line or an error.
class MAPISTORE_API Secrets {
 public:
  explicit Secrets(std::chrono::milliseconds command_limit = std::chrono::seconds(60)) : limit_(command_limit) {}
  Secrets(const Secrets&) = delete;

  /// Holds `password` for `uri` until replaced. It comes before any configured source.
  void put(const ContextUri& uri, std::string password);

  /// Holds `password` for the first URI that asks for one while nothing is configured for it.
  void offer(std::string password);

  /// Where the password for `uri` is to be had. An environment variable is taken out of the environment at once: call
  /// before other threads run.
  void configure(const ContextUri& uri, SecretSource source);

  /// The password or access token for `uri`. May wait for a command, 60 s at most, and for a token 30 s more; what a
  /// command or the desktop answered is kept until `forget`, a token also no longer than it is good for.
  /// Errc::not_found: nothing is configured; Errc::access_denied: a file is open to others; others as of
  /// refresh_tokens.
  Result<std::string> get(const ContextUri& uri);

  /// The password did not work: the next `get` asks the source again. One that was `put` stays.
  void forget(const ContextUri& uri);

  /// Reads `variable` and removes it from the environment, its bytes included, so that neither children nor
  /// /proc/PID/environ show it. Call before other threads run.
  static std::optional<std::string> take_from_environment(const char* variable);

 private:
  using Clock = std::chrono::steady_clock;

  /// What is known for one URI. Its mutex is held while the source is asked, so that it is asked once.
  struct Slot {
    std::mutex mutex;
    std::optional<SecretSource> source;
    std::optional<SecretText> given, fetched;
    Clock::time_point fetched_until = Clock::time_point::max();
    std::optional<SecretText> rotated;  ///< the refresh token, if it could not be put back
    bool has_warned = false;            ///< of that
  };

  std::shared_ptr<Slot> slot(const ContextUri& uri);
  /// `what`: of which the source is, for errors.
  Result<std::string> fetch(const ContextUri& uri, const StoredSecret& source, std::string_view what) const;
  Result<std::string> access_token(const ContextUri& uri, Slot& known, const OAuth2Secret& source) const;
  static void keep_refresh_token(const ContextUri& uri, Slot& known, const OAuth2Secret& source, SecretText token);

  const std::chrono::milliseconds limit_;
  mutable std::mutex mutex_;  ///< never held while waiting
  std::map<std::string, std::shared_ptr<Slot>> slots_;
  std::optional<SecretText> offered_;
  std::map<std::string, SecretText, std::less<>> variables_;  ///< what was taken out of the environment
};

}  // namespace mapistore
