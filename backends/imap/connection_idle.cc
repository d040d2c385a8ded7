#include <algorithm>
#include <boost/asio/error.hpp>
#include <utility>

#include "backends/imap/connection.h"

namespace mapistore::imap {

namespace {

/// Who lists one folder after another is back by then, and finds the mailbox still selected.
constexpr std::chrono::milliseconds pause_before_idling{250};

/// Tells of a mailbox that is not any more as it was when it was selected.
class ComparesStatus final : public Receiver {
 public:
  ComparesStatus(SessionObserver* observer, Selection selected) : observer_{observer}, selected_{std::move(selected)} {}

  void data(Reply& reply) override {
    const auto* const status = std::get_if<StatusReply>(&reply);
    if (status == nullptr || observer_ == nullptr) return;
    const bool is_same = status->messages.value_or(0) == selected_.exists &&
                         (!selected_.uid_next || status->uid_next == *selected_.uid_next) &&
                         (!status->highest_modseq || status->highest_modseq == selected_.highest_modseq);
    if (!is_same) observer_->changed(selected_.mailbox, reply);
  }

 private:
  SessionObserver* observer_;
  Selection selected_;
};

}  // namespace

bool Connection::is_quiet() const noexcept {
  return !is_lost_ && !good_bye_ && !is_held_ && !sender_ && queue_.empty() && in_flight_.empty();
}

bool Connection::awaits_server() const noexcept {
  if (is_lost_ || sending_ == Sending::until_provided || stream_->is_paused()) return false;
  return is_writing_ || is_held_ || greeting_ || !in_flight_.empty() || idle_ == Idle::starting ||
         idle_ == Idle::ending || good_bye_;
}

void Connection::watch_for_death() {
  if (is_death_timer_set_) return;
  is_death_timer_set_ = true;
  last_progress_ = Clock::now();
  on_death_timer();
}

void Connection::on_death_timer() {
  if (is_lost_) return;
  if (!awaits_server()) {
    is_death_timer_set_ = false;
    return;
  }
  const Clock::time_point due = last_progress_ + settings_.dead_after;
  if (Clock::now() >= due) {
    lose(failure(Errc::disconnected, "has not answered for " + std::to_string(settings_.dead_after.count()) + " s",
                 "check the network"));
    return;
  }
  death_timer_.expires_at(due);
  death_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (self && !error) self->on_death_timer();
  });
}

void Connection::consider_idling() {
  if (!may_idle_ || !idle_mailbox_ || idle_ != Idle::off || is_idle_timer_set_ || !is_quiet()) return;
  is_idle_timer_set_ = true;
  idle_timer_.expires_after(pause_before_idling);
  idle_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!self || error) return;
    self->is_idle_timer_set_ = false;
    if (Clock::now() < self->last_progress_ + pause_before_idling) return self->consider_idling();
    self->begin_idling();
  });
}

/// Of what is selected a server may tell less: Dovecot keeps back that it was renamed, and all that follows. Nor does
/// it tell, once nothing is selected, of what had come there by then.
void Connection::leave_mailbox() {
  Command command;
  command.unselects = true;
  command.kind = CommandClass::exclusive;
  const bool counts_changes = current_->highest_modseq && capabilities().has("CONDSTORE");
  command.text.add("STATUS ").add_mailbox(current_->mailbox);
  command.text.add(counts_changes ? " (MESSAGES UIDNEXT HIGHESTMODSEQ)" : " (MESSAGES UIDNEXT)");
  auto receiver = std::make_unique<ComparesStatus>(observer_, *current_);
  command.receiver = receiver.get();
  auto state = std::make_shared<CommandState>(std::move(command));
  state->receiver = std::move(receiver);
  ++load_;
  enqueue(std::move(state));
}

/// Whether something else must be done first, which it then begins.
bool Connection::prepares_idling() {
  if (idle_mailbox_->empty() && current_ && capabilities().has("UNSELECT")) {
    leave_mailbox();
    return true;
  }
  Command command;
  bool is_select = false;
  if (!idle_mailbox_->empty() && (!current_ || !same_mailbox(current_->mailbox, *idle_mailbox_))) {
    command.need = Need{.mailbox = *idle_mailbox_};
    is_select = true;
  } else if (notify_ == Notify::wanted && capabilities().has("NOTIFY")) {
    notify_ = Notify::asked;
    command.text.add(
        "NOTIFY SET (SELECTED (MessageNew (UID FLAGS) MessageExpunge FlagChange)) "
        "(PERSONAL (MailboxName MessageNew MessageExpunge FlagChange))");
  } else {
    return false;
  }
  auto state = std::make_shared<CommandState>(std::move(command));
  state->is_for_idling = is_select;
  ++load_;
  enqueue(std::move(state));
  return true;
}

void Connection::begin_idling() {
  if (!idle_mailbox_ || idle_ != Idle::off || !is_quiet() || prepares_idling()) return;
  idle_command_ = std::make_shared<CommandState>(Command{});
  idle_command_->tag = tag_prefix_ + std::to_string(++last_tag_);
  idle_ = Idle::starting;
  leaves_idle_ = false;
  out_ += idle_command_->tag + " IDLE\r\n";
  idle_timer_.expires_after(settings_.idle_renewal);
  idle_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!self || error || self->idle_ == Idle::off) return;
    self->leave_idle();
    self->pump();
  });
  pump();
}

void Connection::leave_idle() {
  if (idle_ == Idle::starting) leaves_idle_ = true;
  if (idle_ != Idle::on) return;
  idle_ = Idle::ending;
  out_ += "DONE\r\n";
}

void Connection::on_idle_answered(const ConditionReply& reply) {
  idle_ = Idle::off;
  idle_command_ = nullptr;
  idle_timer_.cancel();
  if (reply.condition == Condition::ok) return;
  idle_mailbox_.reset();
  if (observer_ != nullptr) observer_->not_idling(refusal(reply, settings_.host, "IDLE"));
}

}  // namespace mapistore::imap
