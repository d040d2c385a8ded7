// What the server says of a message, as an entry of a listing.

#include <thread>

#include <mapistore/summarize.h>

#include "backends/imap/context.h"
#include "backends/imap/fetched.h"

namespace mapistore::imap {
namespace {

constexpr std::string_view header_fields = "BODY.PEEK[HEADER.FIELDS (DATE FROM TO CC BCC SUBJECT MESSAGE-ID)]";

/// Of servers without ids of their own: what is the same for a message and its copies, and for no other.
std::string identity_of(const Summary& summary, const FetchReply& message) {
  if (summary.message_id.empty() || !message.size || !message.internal_date) return {};
  return "m " + summary.message_id + ' ' + std::to_string(*message.size) + ' ' +
         std::to_string(
             std::chrono::duration_cast<std::chrono::seconds>(message.internal_date->time_since_epoch()).count());
}

}  // namespace

std::string ImapContext::validator_items(const Session& session) const {
  std::string items = "UID FLAGS";
  if (session.capabilities().has("OBJECTID"))
    items += " EMAILID";
  else if (const auto id = account_.provider().content_id; !id.empty())
    items += " " + std::string(id);
  if (account_.provider().labels) items += " X-GM-LABELS";
  return items;
}

std::string ImapContext::entry_items(const Session& session, std::string_view more) const {
  return "(" + validator_items(session) + " INTERNALDATE RFC822.SIZE " + std::string(header_fields) +
         std::string(more) + ")";
}

ChangeKey ImapContext::change_of(std::uint32_t uid_validity, const FetchReply& message) {
  std::string id = content_id_of(message);
  return {id.empty() ? key_of({uid_validity, message.uid}).bytes : std::move(id)};
}

Flags ImapContext::flags_of_reply(const FetchReply& message) const {
  Flags flags = message.flags.value_or(Flags{});
  if (!message.gmail_labels) return flags;
  return with_labels(std::move(flags), *message.gmail_labels, rules_.encoding);
}

Entry ImapContext::entry_of(std::uint32_t uid_validity, const FetchReply& message) const {
  const std::string* const header = body_of(message, "HEADER");
  const Flags flags = flags_of_reply(message);
  Entry entry{.key = key_of({uid_validity, message.uid}),
              .change = change_of(uid_validity, message),
              .state_change = {flags_text(flags)},
              .identity = {},
              .name = {},
              .size = message.size.value_or(0),
              .size_trust = account_.provider().exact_sizes ? SizeTrust::exact : SizeTrust::hint,
              .received = message.internal_date.value_or(Time{}),
              .state = state_of(flags),
              .summary = summarize(MessageKind::mail, {}, header != nullptr ? *header : std::string_view{}),
              .properties = {}};
  // An X-GUID ends with its mailbox: the same mails in one that was made anew have others.
  if (account_.provider().content_id != "X-GUID") entry.identity = content_id_of(message);
  if (entry.identity.empty()) entry.identity = identity_of(entry.summary, message);
  if (entry.identity.empty()) entry.identity = content_id_of(message);
  return entry;
}

Result<FetchReply> ImapContext::fetch_message(const Call& call, const Target& at, Lane lane, std::string_view more) {
  Fetched fetched;
  const Answer answer = account_.run(call, lane, true, [&](Session& session) {
    const auto ask = [&] {
      fetched.messages.clear();
      Command command;
      command.text = CommandText{"UID FETCH " + std::to_string(at.id.uid) + ' ' + entry_items(session, more)};
      command.need = {.mailbox = at.mailbox, .uid_validity = at.id.uid_validity};
      command.uids.add(at.id.uid);
      command.receiver = &fetched;
      return session.run(call, std::move(command));
    };
    return with_news(call, session, at.mailbox, ask, [&] { return fetched.messages.contains(at.id.uid); });
  });
  const auto found = fetched.messages.find(at.id.uid);
  // OK and no reply: it is gone. A mailbox of another UIDVALIDITY has not got it either.
  if (answer ? found == fetched.messages.end() || !found->second.internal_date
             : answer.error().kind == FailureKind::new_uid_validity)
    return fail(Errc::not_found, at.mailbox, "has no such message any more");
  if (!answer) return std::unexpected(about(answer.error(), at.mailbox));
  return std::move(found->second);
}

Result<Entry> ImapContext::fetch_entry(const Call& call, const Target& at, Lane lane) {
  return entry_of(at.id.uid_validity, MAPISTORE_TRY(fetch_message(call, at, lane, {})));
}

Result<FetchReply> ImapContext::fetch_done(const Call& call, const Target& at, std::string_view more) {
  const Call patient = call.check() ? call : Call::within(std::chrono::seconds{30});
  for (;;) {
    auto message = fetch_message(patient, at, Lane::foreground, more);
    const auto is_cut_off = [](Errc code) {
      return code == Errc::disconnected || code == Errc::unreachable || code == Errc::connection_refused;
    };
    if (message || !is_cut_off(message.error().code) || !patient.check()) return message;
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
  }
}

Answer ImapContext::with_news(const Call& call, Session& session, const std::string& mailbox,
                              const std::function<Answer()>& ask, const std::function<bool()>& is_complete) {
  Answer first = ask();
  if (!first || is_complete()) return first;
  Command asking;
  asking.text = CommandText{"NOOP"};
  asking.need = Need{.mailbox = mailbox};
  if (Answer told = session.run(call, std::move(asking)); !told) return told;
  return ask();
}

Result<Target> ImapContext::target(const Call& call, const FolderPath& folder, const Key& key) {
  const Mailbox box = MAPISTORE_TRY(mailbox(call, folder));
  const auto id = message_of(key);
  const auto validity = memory_.uid_validity(box.raw);
  if (!id || (validity && *validity != id->uid_validity))
    return fail(Errc::not_found, box.raw, "has no such message any more");
  return Target{box.raw, *id};
}

Result<Entry> ImapContext::inspect(const Call& call, const FolderPath& folder, const Key& key) {
  return fetch_entry(call, MAPISTORE_TRY(target(call, folder, key)), Lane::foreground);
}

}  // namespace mapistore::imap
