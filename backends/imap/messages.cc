// Flags, and removal.

#include <thread>

#include "backends/imap/context.h"
#include "backends/imap/fetched.h"

namespace mapistore::imap {
namespace {

Command storing(const std::string& mailbox, std::uint32_t uid_validity, const UidSet& uids, std::string_view what,
                const Flags& flags) {
  Command command;
  command.text = CommandText{"UID STORE " + uids.text() + ' ' + std::string(what) + ' ' + in_parentheses(flags)};
  command.kind = CommandClass::write;
  command.need = {.mailbox = mailbox, .writable = true, .uid_validity = uid_validity};
  command.uids = uids;
  return command;
}

Command labelling(const std::string& mailbox, std::uint32_t uid_validity, Uid uid, std::string_view what,
                  const std::vector<std::string>& labels) {
  Command command = storing(mailbox, uid_validity, UidSet::range(uid, uid), what, {});
  command.text = CommandText{"UID STORE " + std::to_string(uid) + ' ' + std::string(what) + " ("};
  for (const std::string& label : labels) {
    if (&label != &labels.front()) command.text.add(" ");
    // Gmail's own are atoms.
    if (label.starts_with('\\'))
      command.text.add(label);
    else
      command.text.add_string(label);
  }
  command.text.add(")");
  return command;
}

bool is_marked(const FetchReply& message) {
  return message.flags && flags_text(*message.flags).find("\\deleted") != std::string::npos;
}

UidSet just(Uid uid) { return UidSet::range(uid, uid); }

/// How long a message stays marked that another program has replaced.
constexpr std::chrono::seconds time_to_expunge{1};

/// The rights that a change of flags needs (RFC 4314 4).
std::string rights_for(const FlagsChange& change) {
  std::string rights;
  for (const Flags* flags : {&change.added, &change.removed})
    for (const std::string& flag : *flags) rights += flags_text({flag}) == "\\seen" ? 's' : 'w';
  return rights;
}

/// Marks `old`; of several who want to replace it one succeeds: whose condition still holds (RFC 7162 3.1.3).
std::expected<bool, Failure> claim(const Call& call, Session& session, const Target& old) {
  if (!session.has_condstore()) return true;
  using State = std::expected<std::optional<FetchReply>, Failure>;
  const auto read = [&]() -> State {
    Fetched now;
    Command reading;
    reading.text = CommandText{"UID FETCH " + std::to_string(old.id.uid) + " (UID FLAGS MODSEQ)"};
    reading.need = {.mailbox = old.mailbox, .writable = true, .uid_validity = old.id.uid_validity};
    reading.uids = just(old.id.uid);
    reading.receiver = &now;
    if (Answer answer = session.run(call, std::move(reading)); !answer)
      return std::unexpected(std::move(answer).error());
    const auto found = now.messages.find(old.id.uid);
    if (found == now.messages.end() || !found->second.modseq) return std::nullopt;
    return found->second;
  };
  std::optional<std::uint64_t> marked_at;  // its MODSEQ when it was found marked
  for (int attempt = 0; attempt < 6; ++attempt) {
    const State now = read();
    if (!now) return std::unexpected(now.error());
    if (!*now) return false;
    const std::uint64_t modseq = *(*now)->modseq;
    // Marking what is marked changes nothing, so that nobody else would see who was first: the mark is lifted before.
    const bool lifts = is_marked(**now);
    if (lifts && marked_at != modseq) {
      // Whoever replaces it is about to expunge it; what stays is what a user has marked.
      marked_at = modseq;
      std::this_thread::sleep_for(time_to_expunge);
      continue;
    }
    Fetched changed;
    Command store =
        storing(old.mailbox, old.id.uid_validity, just(old.id.uid),
                "(UNCHANGEDSINCE " + std::to_string(modseq) + ") " + (lifts ? "-FLAGS.SILENT" : "+FLAGS.SILENT"),
                {"\\Deleted"});
    store.receiver = &changed;
    const Answer stored = session.run(call, std::move(store));
    if (!stored) return std::unexpected(stored.error());
    if (lifts || stored->code("MODIFIED") != nullptr) continue;
    // Of a message that somebody has expunged a server says OK as well, but no MODSEQ (RFC 7162 3.1.3).
    if (changed.messages.contains(old.id.uid)) return true;
    const State left = read();
    if (!left) return std::unexpected(left.error());
    return left->has_value();
  }
  return false;
}

/// EXPUNGE takes all that is marked: what others have marked is unmarked meanwhile (RFC 3501 6.4.3).
Answer expunge_alone(const Call& call, Session& session, const Target& at) {
  struct Marked final : Receiver {
    UidSet uids;
    void data(Reply& reply) override {
      if (auto* search = std::get_if<SearchReply>(&reply)) uids = std::move(search->found);
    }
  } marked;
  const Need need{.mailbox = at.mailbox, .writable = true, .uid_validity = at.id.uid_validity};
  Command searching;
  searching.text = CommandText{"UID SEARCH DELETED"};
  searching.need = need;
  searching.receiver = &marked;
  if (Answer found = session.run(call, std::move(searching)); !found) return found;
  const UidSet others = marked.uids.without(UidSet::range(at.id.uid, at.id.uid));
  if (!others.empty())
    if (Answer lifted =
            session.run(call, storing(at.mailbox, at.id.uid_validity, others, "-FLAGS.SILENT", {"\\Deleted"}));
        !lifted)
      return lifted;
  Command command;
  command.text = CommandText{"EXPUNGE"};
  command.kind = CommandClass::exclusive;
  command.need = need;
  Answer expunged = session.run(call, std::move(command));
  if (others.empty()) return expunged;
  const Call again = Call::within(std::chrono::seconds{30});
  Answer restored = session.run(again, storing(at.mailbox, at.id.uid_validity, others, "+FLAGS.SILENT", {"\\Deleted"}));
  return expunged ? restored : expunged;
}

Answer check_kept(const Call& call, Session& session, const Target& at, const Flags& added) {
  if (added.empty()) return Completion{};
  Command command;
  command.need = {.mailbox = at.mailbox, .writable = true, .uid_validity = at.id.uid_validity};
  Answer selected = session.run(call, std::move(command));
  if (!selected || !selected->selection || !selected->selection->permanent_flags) return selected;
  for (const std::string& flag : added)
    if (!is_kept(flag, *selected->selection->permanent_flags))
      return std::unexpected(
          Failure{Error{Errc::not_permitted, at.mailbox, "the server keeps no flag '" + flag + "' here", {}},
                  FailureKind::refused});
  return selected;
}

}  // namespace

Result<Entry> ImapContext::set_state(const Call& call, const FolderPath& folder, const MessageRef& message,
                                     const StateChange& change) {
  if (change.received)
    return fail(Errc::unsupported, shown_name(folder.empty() ? "" : folder.back().bytes, rules_.encoding),
                "a mail server does not change when a message was received");
  const Target at = MAPISTORE_TRY(target(call, folder, message.key));
  if (!change.state) return fetch_entry(call, at, Lane::foreground);
  // Only what the caller changed is told, so that what other clients set meanwhile, and know of, stays.
  const FlagsChange change_of_all = flags_change(flags_of_text(message.state_change.bytes), *change.state, marking());
  const auto new_labels = MAPISTORE_TRY(labels_among(change_of_all.added, rules_.encoding));
  const auto old_labels = MAPISTORE_TRY(labels_among(change_of_all.removed, rules_.encoding));
  const FlagsChange flags{without_labels(change_of_all.added), without_labels(change_of_all.removed)};
  MAPISTORE_CHECK(check_rights(call, folder, rights_for(change_of_all)));
  Fetched fetched;
  const Answer stored = account_.run(call, Lane::foreground, true, [&](Session& session) -> Answer {
    if (Answer kept = check_kept(call, session, at, flags.added); !kept) return kept;
    const auto store = [&]() -> Answer {
      fetched.messages.clear();
      std::vector<Pending> pending;
      if (!flags.added.empty())
        pending.push_back(
            session.start(storing(at.mailbox, at.id.uid_validity, just(at.id.uid), "+FLAGS.SILENT", flags.added)));
      if (!flags.removed.empty())
        pending.push_back(
            session.start(storing(at.mailbox, at.id.uid_validity, just(at.id.uid), "-FLAGS.SILENT", flags.removed)));
      for (const auto& [what, labels] :
           {std::pair{"+X-GM-LABELS.SILENT", &new_labels}, std::pair{"-X-GM-LABELS.SILENT", &old_labels}})
        if (!labels->empty())
          pending.push_back(session.start(labelling(at.mailbox, at.id.uid_validity, at.id.uid, what, *labels)));
      Command reading;
      reading.text = CommandText{"UID FETCH " + std::to_string(at.id.uid) + ' ' + entry_items(session)};
      reading.need = {.mailbox = at.mailbox, .uid_validity = at.id.uid_validity};
      reading.uids = just(at.id.uid);
      reading.receiver = &fetched;
      pending.push_back(session.start(std::move(reading)));
      for (Pending& one : pending)
        if (Answer answer = one.wait(call); !answer || &one == &pending.back()) return answer;
      return Completion{};
    };
    return with_news(call, session, at.mailbox, store, [&] { return fetched.messages.contains(at.id.uid); });
  });
  const auto found = fetched.messages.find(at.id.uid);
  if (stored ? found == fetched.messages.end() || !found->second.internal_date
             : stored.error().kind == FailureKind::new_uid_validity)
    return fail(Errc::not_found, at.mailbox, "has no such message any more");
  if (!stored) return std::unexpected(about(stored.error(), at.mailbox));
  return entry_of(at.id.uid_validity, found->second);
}

Result<Entry> ImapContext::with_labels_of(const Call& call, const FolderPath& folder, const State& state, Entry saved) {
  if (marking() != Marking::labels || without_labels(flags_of(state, marking())) == flags_of(state, marking()))
    return saved;
  auto labelled = set_state(call, folder, {saved.key, saved.change, saved.state_change, saved.size},
                            {.state = state, .received = {}});
  if (!labelled) static_cast<void>(expunge(call, MAPISTORE_TRY(target(call, folder, saved.key))));
  return labelled;
}

Result<> ImapContext::remove(const Call& call, const FolderPath& folder, const MessageRef& message) {
  const Target at = MAPISTORE_TRY(target(call, folder, message.key));
  const Entry now = MAPISTORE_TRY(fetch_entry(call, at, Lane::foreground));
  if (!message.change.bytes.empty() && message.change != now.change)
    return fail(Errc::stale, at.mailbox, "holds another message by that number");
  MAPISTORE_CHECK(check_rights(call, folder, "te"));
  return expunge(call, at);
}

Result<Target> ImapContext::replaced(const Call& call, const FolderPath& folder, const MessageRef& message) {
  auto there = target(call, folder, message.key);
  const auto now = there ? fetch_entry(call, *there, Lane::foreground) : Result<Entry>{std::unexpected(there.error())};
  if (!now && now.error().code != Errc::not_found) return std::unexpected(now.error());
  if (!now || (!message.change.bytes.empty() && now->change != message.change))
    return fail(Errc::stale, folder.empty() ? account_.host() : folder.back().bytes,
                "what was to be replaced was replaced or removed by another program");
  return *there;
}

Result<bool> ImapContext::give_way(const Call& call, const Target& old, const Target& successor) {
  bool is_ours = false;
  const Answer marked = account_.run(call, Lane::foreground, true, [&](Session& session) -> Answer {
    auto won = claim(call, session, old);
    if (!won) return std::unexpected(std::move(won).error());
    is_ours = *won;
    return Completion{};
  });
  Result<> gone =
      !marked   ? std::unexpected(about(marked.error(), old.mailbox))
      : is_ours ? expunge(call, old)
                : fail(Errc::stale, old.mailbox, "what was to be replaced was replaced or removed by another program");
  if (gone) return true;
  if (is_without_answer(gone.error().code)) return false;
  if (auto removed = expunge(call, successor); !removed) return in_doubt(std::move(removed).error());
  return std::unexpected(std::move(gone).error());
}

Result<> ImapContext::expunge(const Call& call, const Target& at) {
  const Answer removed = account_.run(call, Lane::foreground, true, [&](Session& session) -> Answer {
    Pending marking =
        session.start(storing(at.mailbox, at.id.uid_validity, just(at.id.uid), "+FLAGS.SILENT", {"\\Deleted"}));
    if (!session.capabilities().has("UIDPLUS")) {
      if (Answer marked = marking.wait(call); !marked) return marked;
      return expunge_alone(call, session, at);
    }
    Command command;
    command.text = CommandText{"UID EXPUNGE " + std::to_string(at.id.uid)};
    command.kind = CommandClass::write;
    command.need = {.mailbox = at.mailbox, .writable = true, .uid_validity = at.id.uid_validity};
    command.uids = just(at.id.uid);
    Pending expunging = session.start(std::move(command));
    if (Answer marked = marking.wait(call); !marked) return marked;
    return expunging.wait(call);
  });
  if (removed || removed.error().kind == FailureKind::new_uid_validity) return {};
  return std::unexpected(about(removed.error(), at.mailbox));
}

}  // namespace mapistore::imap
