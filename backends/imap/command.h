#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <mapistore/call.h>

#include "backends/imap/failure.h"
#include "backends/imap/reply.h"
#include "backends/imap/reply_reader.h"
#include "backends/imap/uid_set.h"

namespace mapistore::imap {

/// Where the bytes of a streamed literal come from. Read only by the thread that waits for the command, within `wait`.
class LiteralSource {
 public:
  virtual ~LiteralSource() = default;
  /// The next bytes, at least one; together exactly the size given with the literal. An error abandons the command,
  /// and the connection with it.
  virtual Result<std::size_t> read(const Call& call, std::span<std::byte> out) = 0;
};

/// A command's text in the order of sending, without tag and line end.
class CommandText {
 public:
  CommandText() = default;
  /// Sent as it is; the first word is the verb.
  explicit CommandText(std::string_view text) { add(text); }

  CommandText& add(std::string_view text);
  /// As quoted string, or as literal where it holds what no quoted string may (8-bit, CR, LF, NUL, or a great length).
  CommandText& add_string(std::string_view value);
  /// A mailbox: its raw name, as `add_string`.
  CommandText& add_mailbox(std::string_view raw) { return add_string(raw); }
  /// As APPEND takes it, in UTC.
  CommandText& add_date_time(Time time);
  /// Always a literal; with `binary` a literal8 (`~{n}`), which may hold NUL.
  CommandText& add_literal(std::string bytes, bool binary = false);
  /// A literal of `size` bytes from `source`, which outlives the command's wait.
  CommandText& add_stream(std::uint64_t size, LiteralSource& source, bool binary = false);

  struct Literal {
    std::string bytes;
    std::uint64_t size = 0;
    LiteralSource* source = nullptr;  ///< null: `bytes` are all
    bool binary = false;
  };
  using Piece = std::variant<std::string, Literal>;
  const std::vector<Piece>& pieces() const noexcept { return pieces_; }
  bool empty() const noexcept { return pieces_.empty(); }
  bool streams() const noexcept;
  /// The first words in upper case, e.g. "UID FETCH"; for errors and for knowing which replies are meant.
  std::string verb() const;

 private:
  std::vector<Piece> pieces_;
};

/// What the session found when it selected a mailbox.
struct Selection {
  std::string mailbox;  ///< raw
  bool read_only = true;
  std::uint32_t uid_validity = 0;  ///< 0: the server said none, so its UIDs do not last
  std::uint32_t exists = 0;
  std::optional<Uid> uid_next;
  std::optional<std::uint64_t> highest_modseq;  ///< unset also with NOMODSEQ
  std::string mailbox_id;
  std::vector<std::string> flags;
  std::optional<std::vector<std::string>> permanent_flags;  ///< with `\*`: new keywords may be made
};

/// The mailbox a command runs in.
struct Need {
  std::string mailbox;                             ///< raw
  bool writable = false;                           ///< SELECT; else EXAMINE, or a SELECT that is there anyway
  std::optional<std::uint32_t> uid_validity = {};  ///< what the command's UIDs belong to
  bool fresh = false;                              ///< select again even if it is selected

  /// Ask for all that changed since (RFC 7162 3.2.5); needs QRESYNC, and selects again.
  struct Resync {
    std::uint32_t uid_validity = 0;
    std::uint64_t modseq = 0;
    UidSet known;  ///< empty: not said
  };
  std::optional<Resync> resync = {};
};

/// Given the untagged replies of one command.
///
/// Called on the session's I/O thread, one call at a time and never again after the command's `wait` returned, whatever
/// it returned. Must be quick, must not block and must not call the session: all connections share the thread.
class Receiver {
 public:
  virtual ~Receiver() = default;

  /// A body of `size` bytes comes next; `message` is the reply so far (its uid may still be 0). A kept one of more than
  /// 1 MiB is skipped instead. Streamed, it is followed by body_bytes and then body_end.
  virtual LiteralUse body(const FetchReply& message, const BodyItem& item) {
    static_cast<void>(message), static_cast<void>(item);
    return LiteralUse::keep;
  }
  virtual void body_bytes(std::string_view bytes) { static_cast<void>(bytes); }
  virtual void body_end() {}
  /// Whether it can take no more bodies for now, asked after each piece of one and each FETCH reply: then nothing is
  /// read from the connection until Session::read_on.
  virtual bool is_full() { return false; }

  /// A whole FETCH reply, after its bodies; may be moved from. One message may come in several replies.
  virtual void fetch(FetchReply& message) { static_cast<void>(message); }
  /// Any other reply that answers the command, as far as one can tell by its kind (so look at the mailbox): LIST,
  /// STATUS, SEARCH, VANISHED (EARLIER), QUOTA, ...; may be moved from.
  virtual void data(Reply& reply) { static_cast<void>(reply); }
  /// The command was answered or has failed: `wait` returns at once, and nothing follows.
  virtual void answered() {}
};

/// How a command stands to the others in flight.
enum class CommandClass : std::uint8_t {
  read,       ///< beside anything that does not write its UIDs
  write,      ///< waits for what reads or writes its UIDs, and those sent later wait for it; never sent before the
              ///< mailbox is known to be selected
  exclusive,  ///< alone on the connection
};

struct Command {
  CommandText text;  ///< empty: only select the mailbox
  CommandClass kind = CommandClass::read;
  std::optional<Need> need;      ///< none: works in any state
  UidSet uids;                   ///< that the text speaks of; also tells whose a FETCH reply is
  Receiver* receiver = nullptr;  ///< null: its replies are dropped
  bool unselects = false;  ///< exclusive: sent with no mailbox selected, as DELETE and RENAME need it; where UNSELECT
                           ///< is offered
  bool urgent = false;     ///< sent before commands that are not
};

/// A command that the server answered with OK.
struct Completion {
  ConditionReply answer;
  std::vector<ResponseCode> codes;             ///< of untagged OK replies meanwhile, such as COPYUID of a MOVE
  std::shared_ptr<const Selection> selection;  ///< of the mailbox needed, as of its last SELECT

  /// The code of that name in the answer or before it; null if there is none.
  const ResponseCode* code(std::string_view name) const noexcept;
};

using Answer = std::expected<Completion, Failure>;

class CommandState;

/// A command on its way. Destroying it without having waited abandons it. Does not outlive the session's IoThread.
class Pending {
 public:
  Pending(Pending&&) noexcept;
  Pending& operator=(Pending&&) noexcept;
  ~Pending();

  /// Blocks until the command is answered, the call ends or the connection is lost. At most once.
  ///
  /// When the call ends first: a command not sent yet never will be (not_sent); one sent runs on without us
  /// (unknown_outcome), its replies dropped; in the middle of a streamed literal the connection is closed. A command
  /// with streamed literals makes progress only while somebody waits for it, so wait in the order of starting.
  Answer wait(const Call& call);
  /// Blocks until the connection has all of it, or until `wait` would return at once.
  void wait_until_sent(const Call& call);

 private:
  /// Why nothing more is waited for.
  Failure give_up(std::unique_lock<std::mutex>& lock, Error why);

  friend class Session;
  friend class Login;
  explicit Pending(std::shared_ptr<CommandState> state);

  std::shared_ptr<CommandState> state_;
  std::optional<Failure> failure_;  ///< of waiting for it to be sent
};

}  // namespace mapistore::imap
