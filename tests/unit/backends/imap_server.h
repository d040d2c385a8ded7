#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "backends/imap/session.h"

namespace mapistore::imap {

/// A server that does what a test says, on a thread of its own, at the other end of a socket pair.
class ScriptedServer {
 public:
  using Script = std::function<void(ScriptedServer&)>;

  explicit ScriptedServer(Script script);
  /// Waits until the script has come to its end.
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;

  /// For a session to this server: no TLS, a short death.
  SessionSettings settings() const;

  // For scripts. What does not come within ten seconds fails the test.

  /// A greeting that has the client logged in already, and its capabilities beside IMAP4rev1.
  void greet(std::string_view capabilities = {});
  void say(std::string_view lines);
  /// The next line, without its end; empty if the client has closed.
  std::string line();
  std::string bytes(std::size_t count);
  /// The next command without its tag, which becomes `tag`.
  std::string command();
  /// Fails the test unless it is that; for several in a row, their tags.
  std::string expect(std::string_view text);
  void ok(std::string_view tag_and_text) { say(std::string(tag_and_text) + "\r\n"); }
  /// "TAG OK done" to the last command.
  void done(std::string_view text = "OK done") { say(tag + ' ' + std::string(text) + "\r\n"); }
  /// Answers `EXAMINE mailbox` or `SELECT mailbox`, which must come next.
  void select(std::string_view command_text, std::uint32_t uid_validity = 1, std::string_view more = {});
  /// Whether nothing comes for a moment.
  bool hears_nothing();
  /// Whether the client has closed, within ten seconds.
  bool is_closed();
  void close();
  void start_tls();
  void start_deflate();

  std::string tag;

 private:
  bool fill();

  int client_ = -1;
  int server_ = -1;
  std::string received_;
  std::unique_ptr<SSL, void (*)(SSL*)> tls_{nullptr, SSL_free};
  std::unique_ptr<class DeflateLayer> deflate_;
  std::thread thread_;
};

/// A file with the certificate that ScriptedServer has by `start_tls`, for "localhost".
std::string test_certificate_file();

/// The session to `server`, logged in; ends the test if there is none.
std::unique_ptr<Session> open_session(IoThread& io, const ScriptedServer& server, SessionObserver* observer = nullptr);

inline Call soon() { return Call::within(std::chrono::seconds(10)); }

}  // namespace mapistore::imap
