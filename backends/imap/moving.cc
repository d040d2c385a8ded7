// MOVE and COPY inside the account.

#include <algorithm>
#include <thread>

#include "backends/imap/context.h"
#include "backends/imap/fetched.h"

namespace mapistore::imap {
namespace {

/// COPYUID of one message: where it is now.
std::optional<MessageId> copied_to(const Completion& completion, Uid from) {
  const ResponseCode* const code = completion.code("COPYUID");
  const auto copied = code != nullptr ? code->copied() : std::nullopt;
  if (!copied || copied->from.size() != 1 || copied->from.front() != from) return std::nullopt;
  return MessageId{copied->uid_validity, copied->to.front()};
}

}  // namespace

Result<Entry> ImapContext::move(const Call& call, const FolderPath& from, const MessageRef& message,
                                const FolderPath& to, std::string_view, const MessageRef* replaces) {
  if (replaces == nullptr || (from == to && replaces->key == message.key))
    return transfer(call, from, message, to, true);
  const Target old = MAPISTORE_TRY(replaced(call, to, *replaces));
  Entry moved = MAPISTORE_TRY(transfer(call, from, message, to, true));
  MAPISTORE_CHECK(expunge(call, old));
  return moved;
}

Result<Entry> ImapContext::copy(const Call& call, const FolderPath& from, const MessageRef& message,
                                const FolderPath& to, std::string_view) {
  return transfer(call, from, message, to, false);
}

Result<Entry> ImapContext::transfer(const Call& call, const FolderPath& from, const MessageRef& message,
                                    const FolderPath& to, bool is_move) {
  const Target source = MAPISTORE_TRY(target(call, from, message.key));
  if (is_move && from == to) return fetch_entry(call, source, Lane::foreground);
  const std::string target_raw = MAPISTORE_TRY(mailbox_to_fill(call, to)).raw;
  MAPISTORE_CHECK(check_rights(call, to, "i"));
  if (is_move) MAPISTORE_CHECK(check_rights(call, from, "te"));

  Uid first_new = 0;
  const Uid known_next = std::max<Uid>(memory_.next_uid(target_raw), 1);
  bool moves = false;
  const Answer done = account_.run(call, Lane::foreground, false, [&](Session& session) -> Answer {
    moves = is_move && session.capabilities().has("MOVE");
    if (!session.capabilities().has("UIDPLUS")) {
      auto next = next_uid(call, session, target_raw);
      if (!next) return std::unexpected(std::move(next).error());
      first_new = *next;
    }
    Command command;
    command.text = CommandText{(moves ? "UID MOVE " : "UID COPY ") + std::to_string(source.id.uid) + ' '};
    command.text.add_mailbox(target_raw);
    command.kind = moves ? CommandClass::write : CommandClass::read;
    command.need = {.mailbox = source.mailbox, .writable = moves, .uid_validity = source.id.uid_validity};
    command.uids = UidSet::range(source.id.uid, source.id.uid);
    return session.run(call, std::move(command));
  });
  if (!done && done.error().kind == FailureKind::new_uid_validity)
    return fail(Errc::not_found, source.mailbox, "has no such message any more");
  auto placed = done ? copied_to(*done, source.id.uid) : std::nullopt;
  // Without an answer it may be done, and must then not be told to have failed.
  if (!done && done.error().kind == FailureKind::unknown_outcome)
    placed = MAPISTORE_TRY(find_placed(call, target_raw, known_next, message.change));
  if (!done && !placed) return std::unexpected(about(done.error(), source.mailbox));
  if (!placed && first_new != 0) placed = MAPISTORE_TRY(find_copied(call, source, target_raw, first_new));
  // OK without COPYUID: there was nothing to copy.
  if (!placed) return fail(Errc::not_found, source.mailbox, "has no such message any more");
  const Target now{target_raw, *placed};
  // Only once the copy is known to be there.
  Entry entry = entry_of(now.id.uid_validity, MAPISTORE_TRY(fetch_done(call, now, {})));
  if (is_move && !moves) MAPISTORE_CHECK(expunge(call, source));
  return entry;
}

Result<std::optional<MessageId>> ImapContext::find_placed(const Call& call, const std::string& mailbox, Uid from,
                                                          const ChangeKey& content) {
  const Call patient = call.check() ? call : Call::within(std::chrono::seconds{30});
  Fetched fetched;
  for (;;) {
    const Answer looked = account_.run(patient, Lane::foreground, true, [&](Session& session) {
      fetched.messages.clear();
      Command command;
      command.text = CommandText{"UID FETCH " + std::to_string(from) + ":* (" + validator_items(session) + ")"};
      command.need = Need{.mailbox = mailbox, .fresh = true};
      command.uids = UidSet::range(from, UidSet::last_uid);
      command.receiver = &fetched;
      return session.run(patient, std::move(command));
    });
    if (!looked && looked.error().kind != FailureKind::refused && patient.check()) {
      std::this_thread::sleep_for(std::chrono::milliseconds{100});
      continue;
    }
    if (!looked) return std::unexpected(about(looked.error(), mailbox));
    // Where messages have no ids of their content, none has this one.
    std::optional<MessageId> found;
    for (const auto& [uid, message] : fetched.messages)
      if (uid >= from && change_of(looked->selection->uid_validity, message) == content)
        found = MessageId{looked->selection->uid_validity, uid};
    return found;
  }
}

Result<std::optional<MessageId>> ImapContext::find_copied(const Call& call, const Target& source,
                                                          const std::string& mailbox, Uid from) {
  const Entry original = MAPISTORE_TRY(fetch_entry(call, source, Lane::foreground));
  Fetched fetched;
  const Answer looked = account_.run(call, Lane::foreground, true, [&](Session& session) {
    fetched.messages.clear();
    Command command;
    command.text = CommandText{"UID FETCH " + std::to_string(from) + ":* " + entry_items(session)};
    command.need = Need{.mailbox = mailbox, .fresh = true};
    command.uids = UidSet::range(from, UidSet::last_uid);
    command.receiver = &fetched;
    return session.run(call, std::move(command));
  });
  if (!looked) return std::unexpected(about(looked.error(), mailbox));
  std::optional<MessageId> found;
  for (const auto& [uid, message] : fetched.messages) {
    const Entry entry = entry_of(looked->selection->uid_validity, message);
    if (uid >= from && entry.size == original.size && entry.summary == original.summary &&
        entry.received == original.received)
      found = MessageId{looked->selection->uid_validity, uid};
  }
  return found;
}

Result<Mailbox> ImapContext::mailbox_to_fill(const Call& call, const FolderPath& folder) {
  auto box = mailbox(call, folder);
  if (box || box.error().code != Errc::not_found || folder != trash()) return box;
  MAPISTORE_CHECK(create_folder(call, {}, shown_name(folder.back().bytes, rules_.encoding)));
  return mailbox(call, folder);
}

}  // namespace mapistore::imap
