#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "backends/imap/connection.h"
#include "backends/imap/scanner.h"

namespace mapistore::imap {

namespace {

/// More than any mailbox has: a server that says so could have the client ask for each of them.
constexpr std::uint64_t most_messages = std::uint64_t{1} << 24;

/// How many messages the reply says a mailbox has, or a search has found.
std::uint64_t told_count(const Reply& reply) {
  if (const auto* exists = std::get_if<ExistsReply>(&reply)) return exists->count;
  if (const auto* search = std::get_if<SearchReply>(&reply)) return search->found.size();
  return 0;
}

/// Calls `give(receiver)` unless nobody waits for the command any more.
template <class Give>
void deliver(CommandState& of, Give give) {
  CommandState& command = of.owner ? *of.owner : of;
  const std::lock_guard lock{command.mutex};
  if (!command.is_abandoned && !command.answer && command.command.receiver != nullptr) give(*command.command.receiver);
}

bool begins_with_one_of(std::string_view verb, std::initializer_list<std::string_view> verbs) {
  return std::ranges::find(verbs, verb) != verbs.end();
}

/// Whether the command asked for that part: by its section, up to the fields, which a server may write otherwise.
bool asks_for(const CommandState& command, const BodyItem& item) {
  if (!command.asks_bodies) return false;
  const std::string_view asked = command.asked, section = item.section;
  const std::string_view up_to_fields = section.substr(0, section.find(" ("));
  for (std::size_t at = asked.find('['); at != std::string_view::npos; at = asked.find('[', at + 1)) {
    const std::string_view there = asked.substr(at + 1);
    if (!there.starts_with(up_to_fields)) continue;
    if (up_to_fields.size() < section.size() || there.substr(up_to_fields.size()).starts_with(']')) return true;
  }
  return false;
}

bool tells_only_state(const FetchReply& message) {
  return message.bodies.empty() && message.binary_sizes.empty() && !message.size && !message.internal_date &&
         message.email_id.empty() && message.thread_id.empty() && !message.gmail_id && !message.gmail_labels &&
         !message.save_date;
}

}  // namespace

LiteralUse Connection::literal(std::string_view text, std::span<const std::size_t> left_out, std::uint64_t) {
  pending_body_ = parse_pending_body(text, left_out, std::exchange(pending_body_, std::nullopt));
  if (!pending_body_) return LiteralUse::keep;
  auto& [message, item, at] = *pending_body_;
  if (message.uid == 0 && message.sequence == last_sequence_) message.uid = last_uid_;
  if (!body_target_) body_target_ = fetching(message, &item);
  LiteralUse use = LiteralUse::skip;
  if (body_target_) deliver(*body_target_, [&](Receiver& receiver) { use = receiver.body(message, item); });
  return use;
}

void Connection::literal_bytes(std::string_view bytes) {
  if (!body_target_) return;
  deliver(*body_target_, [&](Receiver& receiver) {
    receiver.body_bytes(bytes);
    if (receiver.is_full()) stream_->pause();
  });
}

void Connection::literal_end() {
  if (body_target_) deliver(*body_target_, [](Receiver& receiver) { receiver.body_end(); });
}

bool Connection::reply(std::string_view text, std::span<const std::size_t> left_out) {
  Reply reply = parse_reply(text, left_out, std::exchange(pending_body_, std::nullopt));
  if (const std::uint64_t count = told_count(reply); count > most_messages) {
    lose(failure(Errc::corrupted, "the server said that a mailbox has " + std::to_string(count) + " messages"));
    return false;
  }
  if (auto* condition = std::get_if<ConditionReply>(&reply)) {
    if (condition->tag.empty()) {
      on_untagged(*condition);
    } else {
      on_tagged(*condition);
    }
  } else if (const auto* continuation = std::get_if<ContinuationReply>(&reply)) {
    on_continuation(*continuation);
  } else if (std::holds_alternative<FetchReply>(reply)) {
    on_fetch(reply);
  } else {
    on_data(reply);
  }
  body_target_ = nullptr;
  return !upgrading_ && !is_lost_;
}

void Connection::on_tagged(ConditionReply& reply) {
  if (idle_command_ && idle_command_->tag == reply.tag) return on_idle_answered(reply);
  const auto found = std::ranges::find(in_flight_, reply.tag, &CommandState::tag);
  if (found == in_flight_.end()) return;
  if (sender_ == *found && sending_ != Sending::until_continuation) {
    // The server has decided before it had all of it, and will read the rest.
    (*found)->early_answer = std::move(reply);
    return;
  }
  if (sender_ == *found) {
    sender_ = nullptr;
    sending_ = Sending::nothing;
  }
  const CommandPtr command = take_from_flight(found);
  complete(command, reply);
}

void Connection::complete(const CommandPtr& command, ConditionReply& reply) {
  if (reply.code.is("ALERT") && observer_ != nullptr) observer_->alert(reply.text);
  if (command->selecting) return on_selected(command, reply);
  if (reply.condition != Condition::ok) {
    finish(command, std::unexpected(refusal(reply, settings_.host, command->verb)));
    return;
  }
  if (reply.code.is("CAPABILITY")) note_capabilities(reply.code.words());
  if (command->upgrade != Upgrade::none) {
    upgrading_ = command;
    return;
  }
  Completion completion{std::move(reply), std::move(command->codes), nullptr};
  if (command->command.need) completion.selection = current_;
  finish(command, std::move(completion));
}

void Connection::on_selected(const CommandPtr& select, ConditionReply& reply) {
  select_ = nullptr;
  if (reply.condition != Condition::ok) {
    on_not_selected(select, refusal(reply, settings_.host, select->verb));
    return;
  }
  Selection& selection = *select->selecting;
  const Need& need = *select->command.need;
  selection.read_only = !need.writable || reply.code.is("READ-ONLY");
  current_ = select->selecting;
  is_current_writable_ = need.writable;
  note_selected(need.mailbox);
  if (observer_ != nullptr) observer_->selected(selection);
  // Nobody has listened to it meanwhile.
  if (observer_ != nullptr && select->is_for_idling)
    observer_->changed(need.mailbox, Reply{ExistsReply{selection.exists}});
  finish(select, Completion{});
  for (const CommandPtr& command : in_flight_)
    if (auto why = impossibility(*command)) fail_command(command, *std::move(why));
  const CommandPtr& owner = select->owner;
  if (!owner->command.text.empty()) return;
  if (auto why = impossibility(*owner)) {
    fail_command(owner, *std::move(why));
  } else {
    finish(owner, Completion{std::move(reply), std::move(select->codes), current_});
  }
}

void Connection::on_not_selected(const CommandPtr& select, const Failure& why) {
  const Need& need = *select->command.need;
  current_ = nullptr;
  note_selected({});
  if (select->is_for_idling) {
    idle_mailbox_.reset();
    if (observer_ != nullptr) observer_->not_idling(why);
  }
  finish(select, std::unexpected(why));
  finish(select->owner, std::unexpected(why));
  const auto needs_it = [&](const CommandPtr& command) {
    return command->command.need && same_mailbox(command->command.need->mailbox, need.mailbox) &&
           (command->command.need->writable || !need.writable);
  };
  // Those that followed the SELECT at once stay, until the server has refused them too.
  for (const CommandPtr& command : in_flight_)
    if (needs_it(command)) fail_command(command, why);
  for (const CommandPtr& command : queue_)
    if (needs_it(command)) fail_command(command, why);
  std::erase_if(queue_, needs_it);
}

void Connection::note_selected(const std::string& mailbox) {
  const std::lock_guard lock{facts_mutex_};
  selected_ = mailbox;
}

void Connection::note_capabilities(const std::vector<std::string>& words) {
  const Capabilities offered{words};
  literals_ = {.plus = offered.has("LITERAL+"), .minus = offered.has("LITERAL-") || offered.has("IMAP4REV2")};
  const std::lock_guard lock{facts_mutex_};
  capabilities_ = offered;
}

void Connection::note_selection(const ResponseCode& code) {
  Selection& selection = *select_->selecting;
  const auto number = code.number();
  if (code.is("UIDVALIDITY") && number) selection.uid_validity = static_cast<std::uint32_t>(*number);
  if (code.is("UIDNEXT") && number) selection.uid_next = static_cast<Uid>(*number);
  if (code.is("HIGHESTMODSEQ")) selection.highest_modseq = number;
  if (code.is("NOMODSEQ")) selection.highest_modseq.reset();
  if (code.is("PERMANENTFLAGS")) selection.permanent_flags = code.words();
  if (code.is("MAILBOXID")) selection.mailbox_id = code.object_id();
  // What came before this was of the mailbox selected before.
  if (code.is("CLOSED")) selection.exists = 0;
}

void Connection::on_untagged(ConditionReply& reply) {
  if (reply.code.is("CAPABILITY")) note_capabilities(reply.code.words());
  if (reply.code.is("ALERT") && observer_ != nullptr) observer_->alert(reply.text);
  if (greeting_) {
    const CommandPtr greeting = std::exchange(greeting_, nullptr);
    if (reply.condition == Condition::ok || reply.condition == Condition::preauth) {
      finish(greeting, Completion{std::move(reply), {}, nullptr});
    } else {
      finish(greeting, std::unexpected(refusal(reply, settings_.host, "connecting")));
    }
    return;
  }
  if (reply.condition == Condition::bye) return on_good_bye(reply);
  if (!reply.code) return;
  if (select_) note_selection(reply.code);
  auto asked = std::ranges::find_if(in_flight_, [&](const CommandPtr& command) {
    return !reply.code.is("COPYUID") || begins_with_one_of(command->verb, {"UID MOVE", "UID COPY", "MOVE", "COPY"});
  });
  constexpr std::size_t most_codes = 1000;
  if (asked != in_flight_.end() && (*asked)->codes.size() < most_codes)
    (*asked)->codes.push_back(std::move(reply.code));
}

void Connection::on_good_bye(const ConditionReply& reply) {
  is_leaving_ = true;
  good_bye_ = refusal(reply, settings_.host, "the session");
  for (const CommandPtr& command : std::exchange(queue_, {})) {
    Failure why = *good_bye_;
    why.kind = FailureKind::not_sent;
    fail_command(command, std::move(why));
  }
}

void Connection::on_continuation(const ContinuationReply& reply) {
  if (sender_ && sending_ == Sending::until_continuation) {
    send_literal(std::get<CommandText::Literal>(sender_->command.text.pieces()[sender_->piece]));
    return;
  }
  if (idle_ == Idle::starting) {
    idle_ = Idle::on;
    if (leaves_idle_) leave_idle();
    return;
  }
  const auto prompted =
      std::ranges::find_if(in_flight_, [](const CommandPtr& command) { return command->prompter != nullptr; });
  if (prompted == in_flight_.end()) return;
  {
    const std::lock_guard lock{(*prompted)->mutex};
    (*prompted)->question = CommandState::Question{nullptr, 0, reply.text};
  }
  (*prompted)->changed.notify_all();
}

Connection::CommandPtr Connection::fetching(const FetchReply& message, const BodyItem* pending) const {
  const bool has_body = pending != nullptr || !message.bodies.empty();
  const bool is_state = !has_body && tells_only_state(message);
  const auto may_be_meant = [&](const CommandPtr& command, Uid uid) {
    if (command->selecting && command->owner->command.need->resync && !has_body) return true;
    const bool fetches = command->verb == "UID FETCH";
    if (!fetches && command->verb != "UID STORE") return false;
    if (message.uid == 0 ? is_state : !command->command.uids.contains(uid)) return false;
    if (has_body && !asks_for(*command, pending != nullptr ? *pending : message.bodies.front())) return false;
    if (is_state && fetches && !command->asks_flags && message.flags) return false;
    return is_state || !command->answered.contains(message.uid);
  };
  const auto is_meant = [&](const CommandPtr& command) { return may_be_meant(command, message.uid); };
  // A server may answer the next command before it says OK to this one, but does not go back: of several that ask for
  // the same, the one that was answered last goes on, until a message comes that it has had.
  const auto current = std::ranges::find(in_flight_, answering_);
  if (!is_state && current != in_flight_.end() && is_meant(*current)) return *current;
  auto found = std::ranges::find_if(in_flight_, is_meant);
  // Nobody has asked for it by its UID: the set `n:*` has the last message in it, however low that is (RFC 3501 6.4.8).
  if (found == in_flight_.end() && !is_state)
    found = std::ranges::find_if(
        in_flight_, [&](const CommandPtr& command) { return may_be_meant(command, UidSet::last_uid); });
  return found != in_flight_.end() ? *found : nullptr;
}

void Connection::on_fetch(Reply& reply) {
  auto& message = std::get<FetchReply>(reply);
  // A server may say the UID in one reply and the rest in the next.
  if (message.uid == 0 && message.sequence == last_sequence_) message.uid = last_uid_;
  if (message.uid != 0) {
    last_sequence_ = message.sequence;
    last_uid_ = message.uid;
  }
  const CommandPtr target = body_target_ ? body_target_ : fetching(message, nullptr);
  if (target) {
    const bool is_whole = target->asks_bodies ? !message.bodies.empty() : !tells_only_state(message);
    if (is_whole && message.uid != 0) {
      target->answered.add(message.uid);
      answering_ = target;
    }
    deliver(*target, [&](Receiver& receiver) {
      receiver.fetch(message);
      if (receiver.is_full()) stream_->pause();
    });
  } else {
    tell_observer(reply);
  }
}

Connection::CommandPtr Connection::asking_for(const Reply& reply) const {
  const auto oldest = [&](std::initializer_list<std::string_view> verbs) {
    const auto found = std::ranges::find_if(
        in_flight_, [&](const CommandPtr& command) { return begins_with_one_of(command->verb, verbs); });
    return found != in_flight_.end() ? *found : nullptr;
  };
  // What a LIST can return as well (RFC 5819, RFC 8440).
  const auto oldest_or_list = [&](std::string_view verb) {
    const auto found = std::ranges::find_if(in_flight_, [&](const CommandPtr& command) {
      return command->verb == verb || (command->verb == "LIST" && command->asked.contains(verb));
    });
    return found != in_flight_.end() ? *found : nullptr;
  };
  if (std::holds_alternative<ListReply>(reply)) return oldest({"LIST"});
  if (std::holds_alternative<StatusReply>(reply)) return oldest_or_list("STATUS");
  if (const auto* search = std::get_if<SearchReply>(&reply)) {
    const auto tagged = std::ranges::find(in_flight_, search->tag, &CommandState::tag);
    return tagged != in_flight_.end() ? *tagged : search->tag.empty() ? oldest({"UID SEARCH", "SEARCH"}) : nullptr;
  }
  if (const auto* vanished = std::get_if<VanishedReply>(&reply))
    return vanished->earlier ? oldest({"SELECT", "EXAMINE", "UID FETCH"}) : nullptr;
  if (std::holds_alternative<NamespaceReply>(reply)) return oldest({"NAMESPACE"});
  if (std::holds_alternative<QuotaReply>(reply)) return oldest({"GETQUOTA", "GETQUOTAROOT", "SETQUOTA"});
  if (std::holds_alternative<QuotaRootReply>(reply)) return oldest({"GETQUOTAROOT"});
  if (std::holds_alternative<IdReply>(reply)) return oldest({"ID"});
  if (std::holds_alternative<EnabledReply>(reply)) return oldest({"ENABLE"});
  if (std::holds_alternative<MetadataReply>(reply)) return oldest({"GETMETADATA"});
  if (std::holds_alternative<RightsReply>(reply)) return oldest_or_list("MYRIGHTS");
  return nullptr;
}

void Connection::on_data(Reply& reply) {
  if (const auto* capability = std::get_if<CapabilityReply>(&reply)) return note_capabilities(capability->words);
  if (select_) {
    Selection& selection = *select_->selecting;
    if (const auto* exists = std::get_if<ExistsReply>(&reply)) {
      selection.exists = exists->count;
      return;
    }
    if (auto* flags = std::get_if<FlagsReply>(&reply)) {
      selection.flags = std::move(flags->flags);
      return;
    }
  }
  const auto* vanished = std::get_if<VanishedReply>(&reply);
  // Numbers of messages have moved.
  if (vanished != nullptr || std::holds_alternative<ExpungeReply>(reply)) last_sequence_ = 0;
  if (const CommandPtr target = asking_for(reply)) {
    deliver(*target, [&](Receiver& receiver) { receiver.data(reply); });
  } else {
    tell_observer(reply);
  }
}

void Connection::tell_observer(const Reply& reply) {
  if (observer_ == nullptr || std::holds_alternative<UnknownReply>(reply)) return;
  observer_->changed(current_ ? std::string_view(current_->mailbox) : std::string_view(), reply);
}

}  // namespace mapistore::imap
