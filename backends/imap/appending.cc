// APPEND: what is saved, checked, and found again when its answer was lost.

#include <algorithm>
#include <array>
#include <thread>

#include <mapistore/lock_within.h>

#include "backends/imap/context.h"
#include "backends/imap/digest.h"
#include "backends/imap/scanner.h"

namespace mapistore::imap {
namespace {

/// Hashes the body of each message as it comes.
struct DigestReceiver final : Receiver {
  std::map<Uid, std::string> digests;

  LiteralUse body(const FetchReply& message, const BodyItem&) override {
    uid_ = message.uid;
    digest_ = Digest{};
    return LiteralUse::stream;
  }
  void body_bytes(std::string_view bytes) override { digest_.add(bytes); }
  void body_end() override { last_ = digest_.value(); }
  void fetch(FetchReply& message) override {
    if (!last_.empty()) digests[message.uid] = std::exchange(last_, {});
  }

 private:
  Uid uid_ = 0;
  Digest digest_;
  std::string last_;
};

/// Who asks for what was appended asks until there is an answer.
constexpr std::chrono::milliseconds pause_before_asking{100};
/// Of messages that are brought to the server.
constexpr unsigned few_at_once = 4, many_at_once = 32;
/// Until a server that has nothing to wait for has taken in what it was sent.
constexpr std::chrono::milliseconds time_to_take_in{6};
constexpr std::array pauses_before_looking{std::chrono::milliseconds{100}, std::chrono::milliseconds{400}};

bool is_ambiguous(const Failure& failure) { return failure.kind == FailureKind::unknown_outcome; }

constexpr std::uint64_t no_limit = ~std::uint64_t{0};

/// What a message is appended as, up to its bytes.
CommandText appending_text(const std::string& mailbox, const Draft& draft, Time received, Marking marking) {
  CommandText text;
  text.add("APPEND ").add_mailbox(mailbox);
  return text.add(' ' + in_parentheses(without_labels(flags_of(draft.state, marking))) + " \"" +
                  date_time_text(received) + "\" ");
}

/// Octets of the largest message that the server takes there.
std::expected<std::uint64_t, Failure> append_limit(const Call& call, Session& session, MailboxMemory& memory,
                                                   const std::string& mailbox) {
  const Capabilities& offered = session.capabilities();
  if (const auto all = offered.values("APPENDLIMIT"); !all.empty()) return parse_number(all.front()).value_or(no_limit);
  if (!offered.has("APPENDLIMIT")) return no_limit;
  if (const auto known = memory.append_limit(mailbox)) return *known;
  struct LimitReceiver final : Receiver {
    std::optional<std::uint64_t> limit;
    void data(Reply& reply) override {
      if (const auto* status = std::get_if<StatusReply>(&reply)) limit = status->append_limit;
    }
  } said;
  Command asking;
  asking.text = CommandText{"STATUS "}.add_mailbox(mailbox).add(" (APPENDLIMIT)");
  asking.receiver = &said;
  const Answer asked = session.run(call, std::move(asking));
  if (!asked && asked.error().kind != FailureKind::refused) return std::unexpected(asked.error());
  memory.note_append_limit(mailbox, said.limit.value_or(no_limit));
  return said.limit.value_or(no_limit);
}

}  // namespace

/// RFC 7889: of all mailboxes, or of each.
Answer ImapContext::check_size(const Call& call, Session& session, const std::string& mailbox, std::string_view name,
                               std::uint64_t size) {
  auto limit = append_limit(call, session, memory_, mailbox);
  if (!limit) return std::unexpected(std::move(limit).error());
  if (size <= *limit) return Completion{};
  return std::unexpected(Failure{
      Error{Errc::too_large, std::string(name),
            "has " + std::to_string(size) + " octets, and the server takes " + std::to_string(*limit) + " at most",
            "make its attachments smaller"},
      FailureKind::refused});
}

Result<Entry> ImapContext::save(const Call& call, const FolderPath& folder, const Draft& draft,
                                const MessageRef* replaces) {
  MAPISTORE_CHECK(call.check());
  if (draft.summary.kind != MessageKind::mail)
    return fail(Errc::unsupported, draft.name, "a mail server holds mail only", "put it into a folder of its kind");
  const Mailbox box = MAPISTORE_TRY(mailbox_to_fill(call, folder));
  MAPISTORE_CHECK(check_rights(call, folder, replaces == nullptr ? "i" : "ite"));
  OutgoingMessage message = MAPISTORE_TRY(OutgoingMessage::of(
      call, *draft.body, draft.name,
      {.raw_headers = account_.provider().raw_headers, .utf8_headers = rules_.encoding == NameEncoding::utf8}));
  if (replaces == nullptr)
    return with_labels_of(call, folder, draft.state, MAPISTORE_TRY(append(call, box.raw, draft, message)));
  const Target old = MAPISTORE_TRY(replaced(call, folder, *replaces));
  Entry saved =
      MAPISTORE_TRY(with_labels_of(call, folder, draft.state, MAPISTORE_TRY(append(call, box.raw, draft, message))));
  saved.leaves_replaced = !MAPISTORE_TRY(give_way(call, old, {box.raw, *message_of(saved.key)}));
  return saved;
}

/// One message on its way.
struct ImapContext::Appending {
  const std::string& mailbox;
  const Draft& draft;
  OutgoingMessage& message;
  Time received;
  Uid from = 0;                    ///< the lowest UID that it may get
  std::uint32_t uid_validity = 0;  ///< of the mailbox, once known
  std::string body_item{};         ///< to be asked for with what it is known by, for who reads it back
  Fetched arrived{};               ///< what came into the mailbox meanwhile
  std::uint32_t arrived_in = 0;    ///< its UIDVALIDITY as that was looked at
  std::optional<MailboxMemory::Passage> passage{};  ///< among many
};

Result<Entry> ImapContext::append(const Call& call, const std::string& mailbox, const Draft& draft,
                                  OutgoingMessage& message) {
  Appending one{mailbox, draft, message, draft.received.value_or(host_.now())};
  if (draft.stored != nullptr && message.size() < small_body)
    one.body_item = " BODY.PEEK[]<0." + std::to_string(small_body) + ">";
  ++appending_;
  const std::shared_ptr<void> counted{nullptr, [this](void*) { --appending_; }};
  const Answer appended =
      account_.run(call, Lane::foreground, false, [&](Session& session) { return send(call, session, one); });
  if (!appended && !is_ambiguous(appended.error())) return std::unexpected(about(appended.error(), draft.name));
  const auto told = uid_given(call, one, appended);
  if (!told) return in_doubt(appended ? told.error() : about(appended.error(), draft.name));
  const std::optional<Uid>& uid = *told;
  if (!uid) {
    if (!appended) return std::unexpected(about(appended.error(), draft.name));
    return fail(Errc::corrupted, draft.name, "the server took it and does not show it",
                "look for it with another program");
  }
  memory_.selected(mailbox, one.uid_validity, *uid + 1);
  if (one.passage) memory_.sent(mailbox, *one.passage, *uid);
  return check_stored(call, one, *uid);
}

Answer ImapContext::send(const Call& call, Session& session, Appending& one) {
  if (Answer fits = check_size(call, session, one.mailbox, one.draft.name, one.message.size()); !fits) return fits;
  const auto next = next_uid(call, session, one.mailbox);
  if (!next) return std::unexpected(next.error());
  one.from = *next;
  one.message.rewind();
  one.arrived.messages.clear();
  Command appending;
  appending.text = appending_text(one.mailbox, one.draft, one.received, marking());
  if (one.message.needs_utf8()) {
    appending.text.add("UTF8 (").add_stream(one.message.size(), one.message, true).add(")");
  } else {
    appending.text.add_stream(one.message.size(), one.message);
  }
  // What the server made of it is asked for in the same round trip.
  Command looking;
  looking.receiver = &one.arrived;
  if (appending_ > few_at_once && session.capabilities().has("UIDPLUS"))
    return send_among_many(call, session, one, std::move(appending), std::move(looking));
  looking.text = CommandText{"UID FETCH " + std::to_string(one.from) + ":* " + entry_items(session, one.body_item)};
  // Dovecot answers what it finds behind an APPEND before it has taken the message in; only a new selection waits.
  looking.need = {.mailbox = one.mailbox, .fresh = true};
  looking.uids = UidSet::range(one.from, UidSet::last_uid);
  Pending append = session.start(std::move(appending));
  Pending look = session.start(std::move(looking));
  Answer appended = append.wait(call);
  const Answer looked = look.wait(call);
  if (looked && looked->selection) one.uid_validity = one.arrived_in = looked->selection->uid_validity;
  return appended;
}

Answer ImapContext::send_among_many(const Call& call, Session& session, Appending& one, Command appending,
                                    Command looking) {
  // A new selection would wait for the looks of all others, and show what they have brought. So the look comes a moment
  // later, at the UID that is to be expected; what it does not show is looked at once its UID is told. So are all when
  // they are so many that the server is never done with what it was sent.
  if (appending_ > many_at_once) return session.run(call, std::move(appending));
  const auto in_order = [&] {
    const std::lock_guard lock{sending_mutex_};
    one.passage = memory_.sending(one.mailbox);
    return session.start(std::move(appending));
  };
  Pending append = in_order();
  append.wait_until_sent(call);
  std::this_thread::sleep_for(time_to_take_in);
  const Uid expected = one.passage->expected;
  looking.text = CommandText{"UID FETCH " + std::to_string(expected) + ' ' + entry_items(session, one.body_item)};
  looking.need = {.mailbox = one.mailbox};
  looking.uids.add(expected);
  Pending look = session.start(std::move(looking));
  Answer appended = append.wait(call);
  const Answer looked = look.wait(call);
  if (looked && looked->selection) one.arrived_in = looked->selection->uid_validity;
  return appended;
}

Result<std::optional<Uid>> ImapContext::uid_given(const Call& call, Appending& one, const Answer& appended) {
  if (appended)
    if (const ResponseCode* code = appended->code("APPENDUID"))
      if (const auto told = code->appended(); told && told->uids.size() == 1) {
        one.uid_validity = told->uid_validity;
        return told->uids.front();
      }
  // Without an answer, or one that tells no UID, it is looked for: it may be there, and must not be there twice.
  auto uid = MAPISTORE_TRY(find_appended(call, one.mailbox, one.from, one.message, one.uid_validity));
  // A server whose client has gone may still be taking it in.
  for (const auto pause : pauses_before_looking) {
    if (uid || appended) break;
    std::this_thread::sleep_for(pause);
    uid = MAPISTORE_TRY(find_appended(call, one.mailbox, one.from, one.message, one.uid_validity));
  }
  return uid;
}

Result<Entry> ImapContext::check_stored(const Call& call, const Appending& one, Uid uid) {
  const Target at{one.mailbox, {one.uid_validity, uid}};
  const auto seen = one.arrived.messages.find(uid);
  const bool is_seen =
      one.arrived_in == one.uid_validity && seen != one.arrived.messages.end() && seen->second.internal_date;
  const auto shown = is_seen ? Result<FetchReply>{seen->second} : fetch_done(call, at, one.body_item);
  if (!shown) return in_doubt(shown.error());
  Entry entry = entry_of(one.uid_validity, *shown);
  if (entry.size != one.message.size() && account_.provider().exact_sizes) {
    MAPISTORE_CHECK(expunge(call, at));
    return fail(
        Errc::corrupted, one.draft.name,
        "the server stored " + std::to_string(entry.size) + " octets instead of " + std::to_string(one.message.size()),
        "it was taken back");
  }
  if (entry.size == one.message.size()) entry.size_trust = SizeTrust::exact;
  if (const std::string* const bytes = one.body_item.empty() ? nullptr : body_of(*shown, ""))
    *one.draft.stored = small_body_of(entry.change, *bytes);
  return entry;
}

std::expected<Uid, Failure> ImapContext::next_uid(const Call& call, Session& session, const std::string& mailbox) {
  if (const Uid known = memory_.next_uid(mailbox); known != 0) return known;
  // Many may come at once into a mailbox that nothing is known of: one asks for all.
  const auto numbering = lock_within(call, numbering_mutex_);
  if (!numbering) return std::unexpected(Failure{numbering.error()});
  if (const Uid known = memory_.next_uid(mailbox); known != 0) return known;
  Command selecting;
  selecting.need = Need{.mailbox = mailbox, .fresh = true};
  const Answer selected = session.run(call, std::move(selecting));
  if (!selected) return std::unexpected(selected.error());
  const Uid next = selected->selection->uid_next.value_or(1);
  memory_.selected(mailbox, selected->selection->uid_validity, next);
  return next;
}

Result<std::optional<Uid>> ImapContext::find_appended(const Call& call, const std::string& mailbox, Uid from,
                                                      const OutgoingMessage& message, std::uint32_t& uid_validity) {
  // The caller may have stopped waiting; the question must be answered all the same.
  const Call patient = call.check() ? call : Call::within(std::chrono::seconds{30});
  Fetched sizes;
  const auto fetch = [&](const UidSet& uids, const char* items, Receiver& receiver) {
    for (;;) {
      Answer answer = account_.run(patient, Lane::foreground, true, [&](Session& session) {
        Command command;
        command.text = CommandText{"UID FETCH " + uids.text() + ' ' + items};
        command.need = Need{.mailbox = mailbox, .fresh = true};
        command.uids = uids;
        command.receiver = &receiver;
        return session.run(patient, std::move(command));
      });
      if (answer || answer.error().kind == FailureKind::refused || !patient.check()) return answer;
      std::this_thread::sleep_for(pause_before_asking);
    }
  };
  const Answer sized = fetch(UidSet::range(std::max<Uid>(from, 1), UidSet::last_uid), "(UID RFC822.SIZE)", sizes);
  if (!sized) return std::unexpected(about(sized.error(), mailbox));
  uid_validity = sized->selection->uid_validity;
  UidSet candidates;
  for (const auto& [uid, found] : sizes.messages)
    if (uid >= from && (!account_.provider().exact_sizes || found.size == message.size())) candidates.add(uid);
  if (candidates.empty()) return std::nullopt;
  DigestReceiver bodies;
  const Answer read = fetch(candidates, "(UID BODY.PEEK[])", bodies);
  if (!read) return std::unexpected(about(read.error(), mailbox));
  // The last one: an equal one that was there before is somebody else's.
  std::optional<Uid> found;
  for (const auto& [uid, digest] : bodies.digests)
    if (digest == message.digest()) found = uid;
  return found;
}

}  // namespace mapistore::imap
