#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "backends/imap/connection.h"

namespace mapistore::imap {

namespace {

constexpr std::size_t most_unsent = std::size_t{256} << 10;
constexpr std::uint64_t largest_unasked = 4096;  // of a literal, by LITERAL-

bool is_abandoned(CommandState& command) {
  const std::lock_guard lock{command.mutex};
  return command.is_abandoned;
}

/// False: whoever waited has gone, and was told that it is not sent.
bool may_be_sent(CommandState& command) {
  const std::lock_guard lock{command.mutex};
  command.is_sent = !command.is_abandoned;
  return command.is_sent;
}

}  // namespace

void Connection::enqueue(CommandPtr command) {
  if (is_lost_ || good_bye_) {
    Failure why = good_bye_ ? *good_bye_ : failure(Errc::disconnected, "the connection was lost before");
    why.kind = FailureKind::not_sent;
    fail_command(command, std::move(why));
    return;
  }
  command->queued_at = Clock::now();
  auto place = queue_.end();
  if (command->command.urgent)
    place = std::ranges::find_if(queue_, [](const CommandPtr& other) { return !other->command.urgent; });
  queue_.insert(place, std::move(command));
  pump();
}

void Connection::pump() {
  if (is_lost_ || is_held_) return;
  flush();
  while (out_.size() < most_unsent) {
    if (sender_) {
      if (!go_on_sending()) break;
      continue;
    }
    if (idle_ != Idle::off && !queue_.empty()) {
      leave_idle();
      break;
    }
    const CommandPtr next = choose();
    if (!next) break;
    if (may_be_sent(*next)) {
      begin(next);
    } else {
      finish(next, std::unexpected(failure(Errc::cancelled, "was not waited for")));
    }
  }
  flush();
  if (awaits_server()) watch_for_death();
  consider_idling();
}

bool Connection::needs_own_select(const CommandState& command) const {
  const Need& need = *command.command.need;
  if (command.is_selected_for) return false;
  if (need.fresh || need.resync || command.command.text.empty()) return true;
  // Of what is selected the numbers may be the older ones: a mailbox that was made anew shows them until then.
  return !select_ && current_ && need.uid_validity && *need.uid_validity != current_->uid_validity &&
         same_mailbox(current_->mailbox, need.mailbox);
}

bool Connection::fits_selection(const CommandState& command) const {
  const Need& need = *command.command.need;
  if (needs_own_select(command)) return false;
  if (select_) {
    const Need& coming = *select_->command.need;
    return same_mailbox(coming.mailbox, need.mailbox) && (coming.writable || !need.writable);
  }
  return current_ && same_mailbox(current_->mailbox, need.mailbox) && (is_current_writable_ || !need.writable);
}

Connection::Hindrance Connection::hindrance(const CommandState& command) const {
  if (command.is_exclusive() && !in_flight_.empty()) return Hindrance::others;
  if (!command.command.need) return Hindrance::none;
  if (!fits_selection(command)) return Hindrance::selection;
  // Reads may follow a SELECT at once: if it fails or says another UIDVALIDITY, what they bring is dropped.
  if (select_ && command.command.kind != CommandClass::read) return Hindrance::others;
  // The common case, thousands of reads, is not to look at each of the others.
  if (writes_in_flight_ == 0 && !command.writes()) return Hindrance::none;
  const auto conflicts = [&](const CommandPtr& other) { return command.conflicts_with(*other); };
  return std::ranges::any_of(in_flight_, conflicts) ? Hindrance::others : Hindrance::none;
}

std::optional<Failure> Connection::impossibility(const CommandState& command) const {
  const auto& need = command.command.need;
  if (!need || select_ || !current_ || !fits_selection(command)) return std::nullopt;
  if (need->uid_validity && *need->uid_validity != current_->uid_validity) {
    Failure changed = failure(Errc::stale, "the mailbox has been renumbered (UIDVALIDITY changed)");
    changed.kind = FailureKind::new_uid_validity;
    return changed;
  }
  if (need->writable && current_->read_only) {
    Failure refused = failure(Errc::read_only, "the server opens this mailbox for reading only");
    refused.kind = FailureKind::refused;
    return refused;
  }
  return std::nullopt;
}

bool Connection::may_select() const {
  return !select_ && std::ranges::none_of(in_flight_, [](const CommandPtr& command) {
    return command->command.need.has_value() || command->is_exclusive();
  });
}

Connection::CommandPtr Connection::choose() {
  if (depth_ != 0 && in_flight_.size() >= depth_) return nullptr;
  if (exclusive_in_flight_ > 0) return nullptr;
  std::vector<CommandPtr> waiting;  // nothing that conflicts with them may overtake
  CommandPtr elsewhere;
  for (std::size_t at = 0; at < queue_.size();) {
    CommandPtr command = queue_[at];
    const auto take_out = [&] { queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(at)); };
    if (is_abandoned(*command)) {
      take_out();
      finish(command, std::unexpected(failure(Errc::cancelled, "was not waited for")));
      continue;
    }
    if (auto why = impossibility(*command)) {
      take_out();
      fail_command(command, *std::move(why));
      continue;
    }
    const Hindrance hinders = hindrance(*command);
    const bool passes_over =
        elsewhere && command->command.need && Clock::now() - elsewhere->queued_at > settings_.patience;
    const auto is_first = [&](const CommandPtr& other) { return command->conflicts_with(*other); };
    if (hinders == Hindrance::none && !passes_over && std::ranges::none_of(waiting, is_first)) {
      if (command->command.unselects && current_ && capabilities().has("UNSELECT")) return unselect();
      take_out();
      return command;
    }
    if (hinders == Hindrance::selection && !elsewhere) elsewhere = command;
    waiting.push_back(command);
    if (command->is_exclusive()) break;
    ++at;
  }
  return elsewhere && may_select() ? select_for(elsewhere) : nullptr;
}

Connection::CommandPtr Connection::select_for(const CommandPtr& owner) {
  const Need& need = *owner->command.need;
  Command select;
  select.need = Need{.mailbox = need.mailbox, .writable = need.writable};
  select.text.add(need.writable ? "SELECT " : "EXAMINE ").add_mailbox(need.mailbox);
  if (need.resync) {
    select.text.add(" (QRESYNC (" + std::to_string(need.resync->uid_validity) + ' ' +
                    std::to_string(need.resync->modseq));
    if (!need.resync->known.empty()) select.text.add(' ' + need.resync->known.text());
    select.text.add("))");
  } else if (capabilities().has("CONDSTORE")) {
    select.text.add(" (CONDSTORE)");
  }
  auto state = std::make_shared<CommandState>(std::move(select));
  ++load_;
  state->owner = owner;
  state->selecting = std::make_shared<Selection>();
  state->selecting->mailbox = need.mailbox;
  state->is_for_idling = owner->is_for_idling;
  owner->is_selected_for = true;
  // It is as fresh for all that were queued before it.
  for (const CommandPtr& other : queue_)
    if (other->command.need && !other->command.need->resync && !other->command.text.empty() &&
        same_mailbox(other->command.need->mailbox, need.mailbox) && (need.writable || !other->command.need->writable))
      other->is_selected_for = true;
  if (owner->command.text.empty()) std::erase(queue_, owner);
  return state;
}

Connection::CommandPtr Connection::unselect() {
  Command command;
  command.text.add("UNSELECT");
  command.kind = CommandClass::exclusive;
  ++load_;
  current_ = nullptr;
  note_selected({});
  return std::make_shared<CommandState>(std::move(command));
}

void Connection::begin(const CommandPtr& command) {
  command->tag = tag_prefix_ + std::to_string(++last_tag_);
  if (command->selecting) {
    select_ = command;
    current_ = nullptr;
    last_sequence_ = 0;
    const CommandPtr& owner = command->owner;
    const std::lock_guard lock{owner->mutex};
    owner->is_sent = owner->is_sent || owner->command.text.empty();
  }
  // It follows a SELECT that is on its way, or one that has answered: neither is to be asked again for it.
  command->is_selected_for = true;
  in_flight_.push_back(command);
  exclusive_in_flight_ += command->is_exclusive() ? 1 : 0;
  writes_in_flight_ += command->writes() ? 1 : 0;
  out_ += command->tag + ' ';
  sender_ = command;
  sending_ = Sending::pieces;
}

Connection::CommandPtr Connection::take_from_flight(std::deque<CommandPtr>::iterator place) {
  CommandPtr command = std::move(*place);
  in_flight_.erase(place);
  exclusive_in_flight_ -= command->is_exclusive() ? 1 : 0;
  writes_in_flight_ -= command->writes() ? 1 : 0;
  return command;
}

bool Connection::go_on_sending() {
  if (sending_ == Sending::until_written) ask_for_more();
  if (sending_ != Sending::pieces) return false;
  const auto& pieces = sender_->command.text.pieces();
  if (sender_->piece == pieces.size()) {
    out_ += "\r\n";
    end_sending();
    return true;
  }
  const CommandText::Piece& piece = pieces[sender_->piece];
  if (const auto* text = std::get_if<std::string>(&piece)) {
    out_ += *text;
    ++sender_->piece;
  } else {
    const auto& literal = std::get<CommandText::Literal>(piece);
    const bool is_unasked = literals_.plus || (literals_.minus && literal.size <= largest_unasked);
    out_ += (literal.binary ? "~{" : "{") + std::to_string(literal.size) + (is_unasked ? "+}\r\n" : "}\r\n");
    if (is_unasked) {
      send_literal(literal);
    } else {
      sending_ = Sending::until_continuation;
    }
  }
  return true;
}

void Connection::send_literal(const CommandText::Literal& literal) {
  if (literal.source == nullptr) {
    out_ += literal.bytes;
    ++sender_->piece;
    sending_ = Sending::pieces;
    return;
  }
  literal_left_ = literal.size;
  ask_for_more();
}

void Connection::ask_for_more() {
  if (literal_left_ == 0) {
    ++sender_->piece;
    sending_ = Sending::pieces;
    return;
  }
  sending_ = Sending::until_provided;
  const auto& literal = std::get<CommandText::Literal>(sender_->command.text.pieces()[sender_->piece]);
  {
    const std::lock_guard lock{sender_->mutex};
    sender_->question = CommandState::Question{literal.source, literal_left_, {}};
  }
  sender_->changed.notify_all();
}

void Connection::on_provided(const CommandPtr& command, std::string_view bytes) {
  if (is_lost_) return;
  if (command->prompter) {
    out_ += bytes;
    last_progress_ = Clock::now();
    pump();
    return;
  }
  if (sender_ != command || sending_ != Sending::until_provided) return;
  literal_left_ -= std::min<std::uint64_t>(literal_left_, bytes.size());
  out_ += bytes;
  last_progress_ = Clock::now();
  if (out_.size() >= most_unsent) {
    sending_ = Sending::until_written;
  } else {
    ask_for_more();
  }
  pump();
}

void Connection::end_sending() {
  const CommandPtr command = std::exchange(sender_, nullptr);
  sending_ = Sending::nothing;
  {
    const std::lock_guard lock{command->mutex};
    command->is_all_sent = true;
  }
  command->changed.notify_all();
  if (!command->early_answer) return;
  ConditionReply reply = *std::exchange(command->early_answer, std::nullopt);
  take_from_flight(std::ranges::find(in_flight_, command));
  complete(command, reply);
}

}  // namespace mapistore::imap
