#pragma once

#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>

#include "backends/imap/command_state.h"
#include "backends/imap/reply_reader.h"
#include "backends/imap/session.h"
#include "backends/imap/stream.h"

namespace mapistore::imap {

/// A session's half on the I/O thread: what is queued, in flight, selected and heard.
///
/// Methods are for any thread where they say so; all else is of the I/O thread alone, which needs no lock.
class Connection : public std::enable_shared_from_this<Connection>, private ReplyReader::Sink {
 public:
  using CommandPtr = std::shared_ptr<CommandState>;
  using Clock = std::chrono::steady_clock;

  Connection(IoThread& io, const SessionSettings& settings, SessionObserver* observer);
  ~Connection() override;

  // For any thread.

  /// Connects; `greeting` is answered with the server's greeting.
  void open(CommandPtr greeting);
  void start(CommandPtr command);
  /// Nobody waits for it any more.
  void abandon(CommandPtr command);
  /// The answer to its question.
  void provide(CommandPtr command, std::string bytes);
  void idle(std::optional<std::string> mailbox, bool others);
  /// After a Receiver was full.
  void read_on();
  /// After logging in: how many commands may be in flight (0: any), and whether IDLE may be used.
  void set_manners(unsigned depth, bool may_idle);
  /// Ends it; returns when no callback runs or will. Not on the I/O thread.
  void close();

  bool is_lost() const noexcept { return is_lost_ || is_leaving_; }
  std::size_t load() const noexcept { return load_; }
  std::string selected() const;
  Capabilities capabilities() const;
  void forget_capabilities();
  /// Of the peer and the encryption; once connected and between commands.
  SaslChannel channel() const;

 private:
  /// What hinders a command from being sent now.
  enum class Hindrance : std::uint8_t { none, others, selection };

  // connection.cc
  void on_connected(Result<> connected);
  void note_channel();
  void read();
  bool on_received(Result<std::string_view> received);
  bool apply_upgrade(std::string_view unused);
  void on_encrypted(Result<> encrypted, const CommandPtr& command);
  void flush();
  void finish(const CommandPtr& command, Answer answer);
  void fail_command(const CommandPtr& command, Failure failure);
  void lose(Failure why);
  void on_abandoned(const CommandPtr& command);
  Failure failure(Errc code, std::string_view what, std::string_view hint = {}) const;

  // connection_queue.cc
  void pump();
  void enqueue(CommandPtr command);
  CommandPtr choose();
  Hindrance hindrance(const CommandState& command) const;
  bool needs_own_select(const CommandState& command) const;
  bool fits_selection(const CommandState& command) const;
  /// Why the mailbox selected will never do, or nothing.
  std::optional<Failure> impossibility(const CommandState& command) const;
  bool may_select() const;
  CommandPtr select_for(const CommandPtr& owner);
  CommandPtr unselect();
  void leave_mailbox();
  void begin(const CommandPtr& command);
  CommandPtr take_from_flight(std::deque<CommandPtr>::iterator place);
  bool go_on_sending();
  void send_literal(const CommandText::Literal& literal);
  void ask_for_more();
  void end_sending();
  void on_provided(const CommandPtr& command, std::string_view bytes);

  // connection_replies.cc: ReplyReader::Sink and what follows from replies
  LiteralUse literal(std::string_view text, std::span<const std::size_t> left_out, std::uint64_t size) override;
  void literal_bytes(std::string_view bytes) override;
  void literal_end() override;
  bool reply(std::string_view text, std::span<const std::size_t> left_out) override;
  void on_tagged(ConditionReply& reply);
  void complete(const CommandPtr& command, ConditionReply& reply);
  void on_selected(const CommandPtr& select, ConditionReply& reply);
  void on_not_selected(const CommandPtr& select, const Failure& why);
  void on_untagged(ConditionReply& reply);
  void on_good_bye(const ConditionReply& reply);
  void on_continuation(const ContinuationReply& reply);
  void on_fetch(Reply& reply);
  void on_data(Reply& reply);
  CommandPtr fetching(const FetchReply& message, const BodyItem* pending) const;
  CommandPtr asking_for(const Reply& reply) const;
  void note_selected(const std::string& mailbox);
  void note_selection(const ResponseCode& code);
  void note_capabilities(const std::vector<std::string>& words);
  void tell_observer(const Reply& reply);

  // connection_idle.cc: what happens when nothing does
  bool is_quiet() const noexcept;
  bool awaits_server() const noexcept;
  void watch_for_death();
  void on_death_timer();
  void consider_idling();
  void begin_idling();
  bool prepares_idling();
  void leave_idle();
  void on_idle_answered(const ConditionReply& reply);

  IoThread& io_;
  const SessionSettings settings_;
  SessionObserver* const observer_;
  std::shared_ptr<Stream> stream_;
  ReplyReader reader_{*this};

  std::atomic<bool> is_lost_ = false;
  std::atomic<bool> is_leaving_ = false;  ///< the server said BYE
  std::atomic<std::size_t> load_ = 0;
  mutable std::mutex facts_mutex_;  ///< rank: leaf
  Capabilities capabilities_;       ///< guarded by facts_mutex_
  std::string selected_;            ///< guarded by facts_mutex_
  SaslChannel channel_;             ///< guarded by facts_mutex_

  std::optional<Failure> good_bye_;
  CommandPtr greeting_;
  std::deque<CommandPtr> queue_;
  std::deque<CommandPtr> in_flight_;
  std::size_t exclusive_in_flight_ = 0, writes_in_flight_ = 0;
  unsigned depth_ = 0;
  struct Literals {
    bool plus = false, minus = false;
  } literals_;  ///< that need not be asked for
  std::string tag_prefix_;
  std::uint64_t last_tag_ = 0;

  // Sending
  enum class Sending : std::uint8_t { nothing, pieces, until_continuation, until_provided, until_written };
  CommandPtr sender_;  ///< the command that is sent in part
  Sending sending_ = Sending::nothing;
  std::uint64_t literal_left_ = 0;  ///< of a streamed literal
  std::string out_;
  bool is_writing_ = false;
  bool is_held_ = false;  ///< nothing is sent while the stream changes

  // Receiving
  CommandPtr upgrading_;
  std::optional<PendingBody> pending_body_;  ///< the last one of the reply being read
  CommandPtr body_target_;                   ///< who gets the FETCH reply being read
  CommandPtr answering_;  ///< whose FETCH replies are coming
  std::uint32_t last_sequence_ = 0;
  Uid last_uid_ = 0;

  // Selection
  CommandPtr select_;                         ///< the SELECT in flight
  std::shared_ptr<const Selection> current_;  ///< none while a SELECT is in flight
  bool is_current_writable_ = false;          ///< by SELECT, whatever the server allows

  // Idling and dying
  enum class Idle : std::uint8_t { off, starting, on, ending };
  Idle idle_ = Idle::off;
  bool may_idle_ = false;
  bool leaves_idle_ = false;  ///< once it has begun
  enum class Notify : std::uint8_t { unwanted, wanted, asked };
  Notify notify_ = Notify::unwanted;
  std::optional<std::string> idle_mailbox_;
  CommandPtr idle_command_;
  boost::asio::steady_timer idle_timer_;
  boost::asio::steady_timer death_timer_;
  bool is_idle_timer_set_ = false;
  bool is_death_timer_set_ = false;
  Clock::time_point last_progress_;
};

}  // namespace mapistore::imap
