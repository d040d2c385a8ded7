#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "backends/imap/command.h"
#include "backends/imap/io_thread.h"
#include "backends/imap/mailbox_name.h"
#include "backends/imap/sasl.h"

namespace mapistore::imap {

/// How the connection is protected. There is no fallback from one to another.
enum class Security : std::uint8_t {
  tls,       ///< from the first byte, port 993
  starttls,  ///< after STARTTLS, port 143
  none,      ///< to loopback hosts, or where the user insists; a password is still sent only to loopback hosts
};

struct SessionSettings {
  std::string host;
  std::uint16_t port = 0;  ///< 0: of `security`
  Security security = Security::tls;
  std::filesystem::path tls_ca;  ///< certificates trusted instead of the system's; empty: the system's
  Credentials credentials;
  bool compress = false;                           ///< COMPRESS=DEFLATE if offered, and worth it
  std::chrono::milliseconds worth_compressing{3};  ///< a round trip; a wire that takes less is faster without
  bool utf8_names = false;                  ///< UTF8=ACCEPT if offered
  unsigned depth = 0;                       ///< commands in flight; 0: of the server (25 for Exchange, else no limit)
  std::chrono::seconds dead_after{60};      ///< without a byte while something is awaited
  std::chrono::milliseconds patience{200};  ///< of a command that waits for another mailbox to be selected
  std::chrono::seconds idle_renewal{540};
  std::string client_name = "mapistorefs";  ///< told by ID
  int descriptor = -1;  ///< a connected stream socket to use instead of connecting; taken over. For tests
};

/// What a server offers, without case.
class Capabilities {
 public:
  Capabilities() = default;
  explicit Capabilities(const std::vector<std::string>& words);
  /// E.g. "MOVE", "LITERAL+", "STATUS=SIZE".
  bool has(std::string_view word) const;
  /// The values of `key=value` words: "AUTH", "COMPRESS", "APPENDLIMIT".
  std::vector<std::string> values(std::string_view key) const;
  bool empty() const noexcept { return words_.empty(); }

 private:
  std::set<std::string, std::less<>> words_;  // in upper case
};

/// Told what a server says unasked. Called as a Receiver is, until the session is destroyed.
class SessionObserver {
 public:
  virtual ~SessionObserver() = default;

  /// In the mailbox selected: EXISTS, EXPUNGE, VANISHED, FETCH (uid 0: some message), FLAGS; of any: STATUS, LIST,
  /// METADATA (by NOTIFY). `mailbox`: raw; empty if none is selected. EXISTS and FLAGS of a SELECT come in its
  /// Selection instead.
  virtual void changed(std::string_view mailbox, const Reply& reply) {
    static_cast<void>(mailbox), static_cast<void>(reply);
  }
  /// The server takes the password, and there is more to do until the session is open. On the thread that opens it.
  virtual void signed_in() {}
  /// A mailbox was selected, for whatever command.
  virtual void selected(const Selection& selection) { static_cast<void>(selection); }
  /// The session cannot IDLE as it was asked to, and has given it up.
  virtual void not_idling(const Failure& why) { static_cast<void>(why); }
  /// An ALERT, which must be shown to the user.
  virtual void alert(std::string_view text) { static_cast<void>(text); }
  /// The session ended, by BYE or otherwise, or could not be opened; nothing follows.
  virtual void lost(const Failure& why) { static_cast<void>(why); }
};

/// One connection to one account, logged in. Thread-safe.
///
/// Commands are sent as early as their order allows, many at a time. The session selects the mailboxes they need, as
/// seldom as possible, and compares UIDVALIDITY every time; a command gets nothing from a mailbox whose UIDVALIDITY is
/// not the one it expects. Sequence numbers are never sent. A session that has lost its connection stays lost; whoever
/// owns it opens another.
class Session {
 public:
  /// Connects, protects the connection, logs in, enables what helps (QRESYNC, CONDSTORE, compression). Blocks until the
  /// call ends at most. Errc::authentication_failed, connection_refused, unreachable, timed_out, busy (see
  /// Failure::retry_after), invalid_configuration (the certificate, or no TLS).
  static std::expected<std::unique_ptr<Session>, Failure> open(const Call& call, IoThread& io, SessionSettings settings,
                                                               SessionObserver* observer = nullptr);
  /// Closes at once; what is in flight fails. After it, neither observer nor receivers are called. Not on the I/O
  /// thread, so not from them.
  ~Session();
  Session(const Session&) = delete;

  /// Takes the command into the queue. Never blocks.
  Pending start(Command command);
  Answer run(const Call& call, Command command) { return start(std::move(command)).wait(call); }

  /// Reads from the connection again after a Receiver was full; else does nothing.
  void read_on();

  /// While nothing else is to be done, IDLEs in that mailbox (raw; EXAMINEd), so that the observer hears of changes;
  /// empty: in none, where the server has UNSELECT. With `others` the server is asked, by NOTIFY where it offers that,
  /// to tell of all the user's mailboxes: by STATUS and LIST. Does nothing where IDLE is not offered.
  void idle(std::string mailbox, bool others = false);
  /// Stops doing so.
  void stop_idling();

  /// LOGOUT; what is returned ends with the server's good-bye.
  Pending log_out();

  bool is_lost() const noexcept;
  /// Of commands queued or in flight: for choosing among sessions.
  std::size_t load() const noexcept;
  /// The mailbox selected last, raw; empty: none.
  std::string selected() const;

  const Capabilities& capabilities() const noexcept;
  bool has_qresync() const noexcept;  ///< enabled, so Need::resync may be used
  bool has_condstore() const noexcept;
  NameEncoding name_encoding() const noexcept;
  /// What the server tells of itself by ID or its greeting, for quirks and logs.
  const std::string& server() const noexcept;

 private:
  struct Parts;
  explicit Session(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace mapistore::imap
