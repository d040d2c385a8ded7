#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "backends/imap/command.h"

namespace mapistore::imap {

class Connection;

/// Answers what the server asks in the middle of a command; called by the thread that waits for the command.
class Prompter {
 public:
  virtual ~Prompter() = default;
  /// The bytes to send, with their line end.
  virtual Result<std::string> answer(std::string_view challenge) = 0;
};

/// What a command changes about the stream, once the server says OK.
enum class Upgrade : std::uint8_t { none, tls, deflate };

/// One command from `start` to its answer; shared by the thread that waits and the I/O thread.
class CommandState {
 public:
  explicit CommandState(Command the_command);

  /// What the waiting thread is to find bytes for.
  struct Question {
    LiteralSource* source = nullptr;  ///< null: the prompter answers `challenge`
    std::uint64_t most = 0;
    std::string challenge;
  };

  // Set before the command is started, constant from then on.
  Command command;
  std::string verb;
  std::string asked;         ///< of a FETCH or LIST: the text in upper case
  bool asks_bodies = false;  ///< of a FETCH: BODY[...] or BINARY[...]
  bool asks_flags = false;
  Upgrade upgrade = Upgrade::none;
  std::unique_ptr<Prompter> prompter;
  std::unique_ptr<Receiver> receiver;  ///< of a command that nobody waits for
  std::shared_ptr<Connection> connection;

  /// Rank: leaf, but for `Receiver`s, which are called under it, so that none is after the wait.
  std::mutex mutex;
  std::condition_variable_any changed;
  bool is_abandoned = false;         ///< guarded by mutex
  bool is_sent = false;              ///< guarded by mutex; some of it may have reached the server
  bool is_all_sent = false;          ///< guarded by mutex; the connection has it all
  std::optional<Answer> answer;      ///< guarded by mutex
  std::optional<Question> question;  ///< guarded by mutex

  // Of the I/O thread alone.
  std::string tag;
  std::size_t piece = 0;                       ///< the next to be sent
  std::vector<ResponseCode> codes;             ///< of untagged OK replies
  std::shared_ptr<Selection> selecting;        ///< of a SELECT: what is known so far
  std::shared_ptr<CommandState> owner;         ///< of a SELECT: on whose behalf
  UidSet answered;                             ///< of a FETCH: for which messages a whole reply came
  bool is_selected_for = false;                ///< its own SELECT is on its way or done
  bool is_for_idling = false;                  ///< a SELECT so that the session can IDLE
  std::optional<ConditionReply> early_answer;  ///< that came before all was sent
  std::chrono::steady_clock::time_point queued_at;

  bool is_exclusive() const noexcept { return command.kind == CommandClass::exclusive; }
  bool writes() const noexcept { return command.kind == CommandClass::write; }
  /// Whether `other`, which was asked first, must be answered (or, as a SELECT, be sent) before this is sent.
  bool conflicts_with(const CommandState& other) const noexcept;
};

}  // namespace mapistore::imap
